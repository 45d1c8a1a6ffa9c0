import os
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from clinic.async_database_url import async_database_url

engine = create_async_engine(async_database_url(os.environ.get("DATABASE_URL", "sqlite:///clinic.db")))
sync_engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///clinic.db"))
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
SyncSessionLocal = sessionmaker(sync_engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


async def get_db():
    async with SessionLocal() as db:
        yield db


@contextmanager
def unit_of_work():
    with SyncSessionLocal() as db, db.begin():
        yield db
