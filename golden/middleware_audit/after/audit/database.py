import os

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from audit.async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(os.environ.get("DATABASE_URL", "sqlite:///audit.db"))
)
sync_engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///audit.db"))
SessionLocal = async_sessionmaker(bind=engine, expire_on_commit=False)
SyncSessionLocal = sessionmaker(bind=sync_engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


async def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        await db.close()


def sync_get_db():
    db = SyncSessionLocal()
    try:
        yield db
    finally:
        db.close()
