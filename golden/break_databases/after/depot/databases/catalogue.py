import os

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from depot.databases.async_database_url import async_database_url

catalogue_engine = create_async_engine(
    async_database_url(os.environ.get("CATALOGUE_URL", "sqlite:///catalogue.db"))
)
CatalogueSession = async_sessionmaker(catalogue_engine, expire_on_commit=False)
ReadOnly = async_sessionmaker(catalogue_engine.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False)


class CatalogueBase(DeclarativeBase):
    pass


async def get_db():
    async with CatalogueSession() as db:
        yield db
