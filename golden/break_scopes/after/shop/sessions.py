"""Sessions that nobody hands on: of the context, of the thread, and of a decorator."""
import os
from contextvars import ContextVar
from functools import wraps

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from shop.async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))
)
sync_engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))


class Base(DeclarativeBase):
    pass


class AuditedSession(Session):
    """Counts what it commits."""

    committed = 0

    def commit(self):
        AuditedSession.committed += len(self.new) + len(self.dirty)
        super().commit()


Factory = async_sessionmaker(engine, expire_on_commit=False)
SyncFactory = sessionmaker(sync_engine, expire_on_commit=False)
AuditedFactory = sessionmaker(
    sync_engine, class_=AuditedSession, expire_on_commit=False
)

request_id: ContextVar[str] = ContextVar("request_id", default="")
registry = async_scoped_session(Factory, scopefunc=request_id.get)

_current: ContextVar[AsyncSession | None] = ContextVar("session", default=None)


def current_session() -> AsyncSession:
    session = _current.get()
    if session is None:
        raise RuntimeError("No session in this context")
    return session


def transactional(function):
    """Opens a session, or takes part in the one that is open."""

    @wraps(function)
    def wrapper(*args, **kwargs):
        if _current.get() is not None:
            return function(*args, **kwargs)
        with SyncFactory() as session:
            token = _current.set(session)
            try:
                result = function(*args, **kwargs)
                session.commit()
                return result
            except Exception:
                session.rollback()
                raise
            finally:
                _current.reset(token)

    return wrapper


def with_session(function):
    """Hands a session to the function, as its first argument."""

    @wraps(function)
    def wrapper(*args, **kwargs):
        with SyncFactory() as session:
            return function(session, *args, **kwargs)

    return wrapper
