import os

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import declarative_base, sessionmaker

from sql_app.async_database_url import async_database_url

SQLALCHEMY_DATABASE_URL = os.getenv("DATABASE_URL", "sqlite:///./shop.db")
# SQLALCHEMY_DATABASE_URL = "postgresql://user:password@postgresserver/db"

connect_args = {}
if SQLALCHEMY_DATABASE_URL.startswith("sqlite"):
    # only needed for SQLite
    connect_args = {"check_same_thread": False}

engine = create_async_engine(
    async_database_url(SQLALCHEMY_DATABASE_URL), connect_args=connect_args
)
sync_engine = create_engine(SQLALCHEMY_DATABASE_URL, connect_args=connect_args)
SessionLocal = async_sessionmaker(
    autocommit=False, autoflush=False, bind=engine, expire_on_commit=False
)
SyncSessionLocal = sessionmaker(
    autocommit=False, autoflush=False, bind=sync_engine, expire_on_commit=False
)

Base = declarative_base()
