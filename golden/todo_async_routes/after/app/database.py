import os

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import declarative_base, sessionmaker

from app.async_database_url import async_database_url

SQLALCHEMY_DATABASE_URL = os.getenv("DATABASE_URL", "sqlite:///./todo.db")

engine = create_async_engine(async_database_url(SQLALCHEMY_DATABASE_URL))
sync_engine = create_engine(SQLALCHEMY_DATABASE_URL)
SessionLocal = async_sessionmaker(
    autocommit=False, autoflush=False, bind=engine, expire_on_commit=False
)
SyncSessionLocal = sessionmaker(
    autocommit=False, autoflush=False, bind=sync_engine, expire_on_commit=False
)

Base = declarative_base()
