import os
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from clinic.async_database_url import async_database_url


def connect(url):
    made = create_async_engine(async_database_url(url))
    return async_sessionmaker(made, expire_on_commit=False), made


def sync_connect(url):
    made = create_engine(url)
    return sessionmaker(made, expire_on_commit=False), made


SessionLocal, engine = connect(os.environ.get("DATABASE_URL", "sqlite:///clinic.db"))
SyncSessionLocal, sync_engine = sync_connect(
    os.environ.get("DATABASE_URL", "sqlite:///clinic.db")
)


class Base(DeclarativeBase):
    pass


async def get_db():
    async with SessionLocal() as db:
        yield db


@asynccontextmanager
async def unit_of_work():
    async with SessionLocal() as db, db.begin():
        yield db


@contextmanager
def sync_unit_of_work():
    with SyncSessionLocal() as db, db.begin():
        yield db
