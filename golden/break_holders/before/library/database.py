from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, ContextManager, Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker


class Base(DeclarativeBase):
    pass


class Database:
    """Owns the engine; made once, by the container."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._factory = sessionmaker(bind=self._engine, autoflush=False)

    def create_tables(self) -> None:
        Base.metadata.create_all(self._engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        session: Session = self._factory()
        try:
            yield session
        except Exception:
            session.rollback()
            raise
        finally:
            session.close()


SessionFactory = Callable[..., ContextManager[Session]]
