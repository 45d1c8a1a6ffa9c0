from __future__ import annotations

import os
from typing import Iterator, TypeVar

from fastapi import HTTPException
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

T = TypeVar("T")


class AppSession(Session):
    """A session with manners."""

    def get_or_404(self, model: type[T], pk: int) -> T:
        found = self.get(model, pk)
        if found is None:
            raise HTTPException(404, f"{model.__name__} {pk} not found")
        return found

    def save(self, *objects: object) -> None:
        self.add_all(objects)
        self.commit()


class ActiveRecord:
    """``Model.by(session, name="x")`` and ``instance.save(session)``."""

    @classmethod
    def by(cls, session: AppSession, **criteria):
        return session.scalars(select(cls).filter_by(**criteria).limit(1)).first()

    @classmethod
    def create(cls, session: AppSession, **values):
        self = cls(**values)
        self.before_save(session)
        return self.save(session)

    @staticmethod
    def total(session: AppSession, model) -> int:
        return session.scalar(select(func.count()).select_from(model))

    def before_save(self, session: AppSession) -> None:
        """For subclasses."""

    def save(self, session: AppSession):
        session.save(self)
        return self


class Base(ActiveRecord, DeclarativeBase):
    pass


engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///assets.db"))
make_session = sessionmaker(engine, class_=AppSession)


def get_session() -> Iterator[AppSession]:
    with make_session() as session:
        yield session
