from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel, create_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from .async_database_url import async_database_url
from .config import DATABASE_URL, SQL_ECHO

connect_args = {"check_same_thread": False} if DATABASE_URL.startswith("sqlite") else {}
engine = create_async_engine(
    async_database_url(DATABASE_URL), echo=SQL_ECHO, connect_args=connect_args
)
sync_engine = create_engine(DATABASE_URL, echo=SQL_ECHO, connect_args=connect_args)


async def create_db_and_tables():
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)


async def get_session():
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
