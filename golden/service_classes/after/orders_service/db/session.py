from typing import AsyncGenerator

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

from orders_service.core.config import get_settings
from orders_service.db.async_database_url import async_database_url

settings = get_settings()

engine = create_async_engine(
    async_database_url(settings.database_url), echo=settings.echo, pool_pre_ping=True
)
sync_engine = create_engine(
    settings.database_url, echo=settings.echo, pool_pre_ping=True
)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
SyncSessionLocal = sessionmaker(sync_engine, expire_on_commit=False)


async def get_db() -> AsyncGenerator[AsyncSession, None]:
    async with SessionLocal() as session:
        yield session
