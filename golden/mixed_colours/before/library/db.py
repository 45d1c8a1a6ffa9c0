import functools
import logging
import os
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

log = logging.getLogger(__name__)

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///library.db"))
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


@contextmanager
def session_scope():
    """Provide a transactional scope around a series of operations."""
    session = SessionLocal()
    try:
        yield session
        session.commit()
    except Exception:
        session.rollback()
        raise
    finally:
        session.close()


def get_db():
    with session_scope() as session:
        yield session


def transactional(func):
    """Calls ``func`` with a session of its own as the first argument, unless it was given one."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        if args and isinstance(args[0], Session):
            return func(*args, **kwargs)
        with session_scope() as session:
            log.debug("transaction for %s", func.__name__)
            return func(session, *args, **kwargs)

    return wrapper
