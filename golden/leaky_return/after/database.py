import os
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import declarative_base
from async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(os.getenv("DATABASE_URL", "sqlite:///helpdesk.db"))
)
SessionLocal = async_sessionmaker(bind=engine, expire_on_commit=False)
Base = declarative_base()

async def get_db():
    async with SessionLocal() as db:
        yield db
