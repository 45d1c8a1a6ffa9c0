import os
from typing import AsyncGenerator, Generator

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from chat.async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(os.environ.get("DATABASE_URL", "sqlite:///chat.db"))
)
sync_engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///chat.db"))
SessionLocal = async_sessionmaker(bind=engine, autoflush=False, expire_on_commit=False)
SyncSessionLocal = sessionmaker(
    bind=sync_engine, autoflush=False, expire_on_commit=False
)
DB = SessionLocal
SyncDB = SyncSessionLocal


class Base(DeclarativeBase):
    pass


async def get_db() -> AsyncGenerator[AsyncSession, None]:
    db = DB()
    try:
        yield db
    finally:
        await db.close()


def sync_get_db() -> Generator[Session, None, None]:
    db = SyncDB()
    try:
        yield db
    finally:
        db.close()
