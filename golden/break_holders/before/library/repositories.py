from typing import Any, Generic, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from .database import Base, SessionFactory
from .models import Author, Book

M = TypeVar("M", bound=Base)


class NotFound(Exception):
    def __init__(self, kind: str, key: Any) -> None:
        super().__init__(f"{kind} {key} not found")


class Duplicate(Exception):
    pass


class Repository(Generic[M]):
    model: type[M]

    def __init__(self, session_factory: SessionFactory) -> None:
        self.session_factory = session_factory

    def get(self, key: int) -> M:
        with self.session_factory() as session:
            found = session.get(self.model, key)
            if found is None:
                raise NotFound(self.model.__name__, key)
            return found

    def all(self) -> list[M]:
        with self.session_factory() as session:
            return list(session.scalars(select(self.model).order_by(self.model.id)))

    def add(self, **values: Any) -> M:
        with self.session_factory() as session:
            session.add(made := self.model(**values))
            try:
                session.commit()
            except IntegrityError as error:
                raise Duplicate(self.model.__name__) from error
            session.refresh(made)
            return made

    def remove(self, key: int) -> None:
        with self.session_factory() as session:
            session.delete(self.get(key))
            session.commit()

    @property
    def name(self) -> str:
        return self.model.__tablename__


class Authors(Repository[Author]):
    model = Author

    def titles(self, key: int) -> list[str]:
        with self.session_factory() as session:
            author = session.get(Author, key)
            return [book.title for book in author.books] if author else []


class Books(Repository[Book]):
    model = Book

    def add(self, **values: Any) -> Book:
        values["title"] = values["title"].strip().capitalize()
        return super().add(**values)

    def copies(self) -> int:
        with self.session_factory() as session:
            return session.scalar(select(func.sum(Book.copies))) or 0
