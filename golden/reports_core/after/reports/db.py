import os
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from reports.async_database_url import async_database_url

URL = os.environ.get('DATABASE_URL', 'sqlite:///sales.db')

engine = create_async_engine(async_database_url(URL))
Session = async_sessionmaker(engine, expire_on_commit=False)


async def db_session():
    '''One session for each request.'''
    async with Session() as session:
        yield session


@asynccontextmanager
async def connection():
    '''A plain connection in a transaction, for imports.'''
    async with engine.begin() as conn:
        yield conn
