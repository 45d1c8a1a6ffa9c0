import os

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import declarative_base

from tree.async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(os.environ.get("DATABASE_URL", "sqlite:///tree.db"))
)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
Base = declarative_base()


async def get_db():
    async with SessionLocal() as db:
        yield db
