from __future__ import annotations

from contextlib import asynccontextmanager
from typing import (
    AsyncContextManager,
    AsyncIterator,
    Callable,
)

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from library.async_database_url import async_database_url


class Base(DeclarativeBase):
    pass


class Database:
    """Owns the engine; made once, by the container."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(async_database_url(url))
        self._factory = async_sessionmaker(
            bind=self._engine, autoflush=False, expire_on_commit=False
        )

    async def create_tables(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        session: AsyncSession = self._factory()
        try:
            yield session
        except Exception:
            await session.rollback()
            raise
        finally:
            await session.close()


SessionFactory = Callable[..., AsyncContextManager[AsyncSession]]
