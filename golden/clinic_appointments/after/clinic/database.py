from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import NullPool

from clinic.async_database_url import async_database_url
from clinic.settings import DATABASE_URL

engine = create_async_engine(async_database_url(DATABASE_URL), pool_pre_ping=True)


def unpooled_engine():
    """An engine for one job: its connections belong to no other loop."""
    made = create_async_engine(async_database_url(DATABASE_URL), poolclass=NullPool)
    event.listen(made.sync_engine, "connect", enforce_foreign_keys)
    return made


SessionLocal = async_sessionmaker(bind=engine, autoflush=False, expire_on_commit=False)

__all__ = ["Base", "SessionLocal", "engine", "get_db"]


class Base(DeclarativeBase):
    pass


@event.listens_for(engine.sync_engine, "connect")
def enforce_foreign_keys(connection, record):
    if engine.dialect.name == "sqlite":
        connection.execute("PRAGMA foreign_keys = ON")


async def get_db():
    async with SessionLocal() as db:
        yield db
