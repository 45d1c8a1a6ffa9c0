import functools
import logging
import os
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from library.async_database_url import async_database_url

log = logging.getLogger(__name__)

engine = create_async_engine(
    async_database_url(os.environ.get("DATABASE_URL", "sqlite:///library.db"))
)
sync_engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///library.db"))
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
SyncSessionLocal = sessionmaker(sync_engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


@asynccontextmanager
async def session_scope():
    """Provide a transactional scope around a series of operations."""
    session = SessionLocal()
    try:
        yield session
        await session.commit()
    except Exception:
        await session.rollback()
        raise
    finally:
        await session.close()


@contextmanager
def sync_session_scope():
    """Provide a transactional scope around a series of operations."""
    session = SyncSessionLocal()
    try:
        yield session
        session.commit()
    except Exception:
        session.rollback()
        raise
    finally:
        session.close()


async def get_db():
    async with session_scope() as session:
        yield session


def sync_get_db():
    with sync_session_scope() as session:
        yield session


def transactional(func):
    """Calls ``func`` with a session of its own as the first argument, unless it was given one."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        if args and isinstance(args[0], Session):
            return func(*args, **kwargs)
        with sync_session_scope() as session:
            log.debug("transaction for %s", func.__name__)
            return func(session, *args, **kwargs)

    return wrapper
