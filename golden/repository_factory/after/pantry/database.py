import os
from collections.abc import AsyncGenerator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from pantry.async_database_url import async_database_url

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///./pantry.db")

engine = create_async_engine(async_database_url(DATABASE_URL))
SessionLocal = async_sessionmaker(bind=engine, autoflush=False, expire_on_commit=False)


async def generate_session() -> AsyncGenerator[AsyncSession, None]:
    session = SessionLocal()
    try:
        yield session
    finally:
        await session.close()
