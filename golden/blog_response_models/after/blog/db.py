from collections.abc import AsyncIterator

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from .async_database_url import async_database_url
from .config import settings


class Base(DeclarativeBase):
    pass


engine = create_async_engine(
    async_database_url(settings.database_url), pool_pre_ping=True
)
sync_engine = create_engine(settings.database_url, pool_pre_ping=True)
SessionLocal = async_sessionmaker(bind=engine, autoflush=False, expire_on_commit=False)
SyncSessionLocal = sessionmaker(
    bind=sync_engine, autoflush=False, expire_on_commit=False
)


def init_db() -> None:
    from . import models  # noqa: F401  (registers the tables)

    Base.metadata.create_all(sync_engine)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as db:
        yield db
