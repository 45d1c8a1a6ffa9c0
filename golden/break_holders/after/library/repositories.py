from typing import Any, Generic, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

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

    async def get(self, key: int) -> M:
        async with self.session_factory() as session:
            found = await session.get(self.model, key)
            if found is None:
                raise NotFound(self.model.__name__, key)
            return found

    async def all(self) -> list[M]:
        async with self.session_factory() as session:
            return list(
                await session.scalars(select(self.model).order_by(self.model.id))
            )

    async def add(self, **values: Any) -> M:
        async with self.session_factory() as session:
            session.add(made := self.model(**values))
            try:
                await session.commit()
            except IntegrityError as error:
                raise Duplicate(self.model.__name__) from error
            await session.refresh(made)
            return made

    async def remove(self, key: int) -> None:
        async with self.session_factory() as session:
            await session.delete(await self.get(key))
            await session.commit()

    @property
    def name(self) -> str:
        return self.model.__tablename__


class Authors(Repository[Author]):
    model = Author

    async def titles(self, key: int) -> list[str]:
        async with self.session_factory() as session:
            author = await session.get(
                Author, key, options=[selectinload(Author.books)]
            )
            return [book.title for book in author.books] if author else []


class Books(Repository[Book]):
    model = Book

    async def add(self, **values: Any) -> Book:
        values["title"] = values["title"].strip().capitalize()
        return await super().add(**values)

    async def copies(self) -> int:
        async with self.session_factory() as session:
            return await session.scalar(select(func.sum(Book.copies))) or 0
