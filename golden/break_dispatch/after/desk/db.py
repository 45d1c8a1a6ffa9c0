import os
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from desk.async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(os.environ.get("DATABASE_URL", "sqlite:///desk.db"))
)
sync_engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///desk.db"))
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
SyncSessionLocal = sessionmaker(sync_engine, expire_on_commit=False)


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


@contextmanager
def session_scope():
    session = SyncSessionLocal()
    try:
        yield session
        session.commit()
    except Exception:
        session.rollback()
        raise
    finally:
        session.close()
