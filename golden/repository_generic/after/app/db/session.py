from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.core.config import settings
from app.db.async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(settings.SQLALCHEMY_DATABASE_URI), pool_pre_ping=True
)
SessionLocal = async_sessionmaker(
    autocommit=False, autoflush=False, bind=engine, expire_on_commit=False
)
