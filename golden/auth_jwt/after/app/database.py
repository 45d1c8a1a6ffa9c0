from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker, declarative_base
from .async_database_url import async_database_url
from .config import settings

engine = create_async_engine(async_database_url(settings.database_url))
sync_engine = create_engine(settings.database_url)

SessionLocal = async_sessionmaker(
    autocommit=False, autoflush=False, bind=engine, expire_on_commit=False
)
SyncSessionLocal = sessionmaker(
    autocommit=False, autoflush=False, bind=sync_engine, expire_on_commit=False
)

Base = declarative_base()


async def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        await db.close()
