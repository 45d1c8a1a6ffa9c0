"""Sessions that nobody hands on: of the context, of the thread, and of a decorator."""
import os
from contextvars import ContextVar
from functools import wraps

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session, sessionmaker

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))


class Base(DeclarativeBase):
    pass


class AuditedSession(Session):
    """Counts what it commits."""

    committed = 0

    def commit(self):
        AuditedSession.committed += len(self.new) + len(self.dirty)
        super().commit()


Factory = sessionmaker(engine)
AuditedFactory = sessionmaker(engine, class_=AuditedSession)

request_id: ContextVar[str] = ContextVar("request_id", default="")
registry = scoped_session(Factory, scopefunc=request_id.get)

_current: ContextVar[Session | None] = ContextVar("session", default=None)


def current_session() -> Session:
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
        with Factory() as session:
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
        with Factory() as session:
            return function(session, *args, **kwargs)

    return wrapper
