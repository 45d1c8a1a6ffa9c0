from __future__ import annotations

from dataclasses import dataclass, field
from typing import Awaitable, Callable

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .models import Book, Loan
from .repositories import Authors, Books


class Catalogue:
    def __init__(self, authors: Authors, books: Books) -> None:
        self._authors = authors
        self._books = books

    async def publish(self, author: str, title: str, copies: int) -> dict:
        known = {a.name: a.id for a in await self._authors.all()}
        author_id = known[author] if author in known else (await self._authors.add(name=author)).id
        book = await self._books.add(title=title, copies=copies, author_id=author_id)
        return {"id": book.id, "title": book.title, "author_id": author_id}

    async def overview(self) -> dict:
        return {
            "authors": {author.name: await self._authors.titles(author.id) for author in await self._authors.all()},
            "copies": await self._books.copies(),
            "tables": [self._authors.name, self._books.name],
        }


@dataclass
class Desk:
    """Lends books; lives as long as a request."""

    db: AsyncSession
    limit: int = 2
    log: list[str] = field(default_factory=list)

    async def lent(self, book: Book) -> int:
        return await self.db.scalar(select(func.count(Loan.id)).where(Loan.book_id == book.id)) or 0

    async def lend(self, book_id: int, reader: str) -> Loan | None:
        book = await self.db.get(Book, book_id)
        if book is None or await self.lent(book) >= book.copies or await self.count(reader) >= self.limit:
            self.log.append(f"refused {reader}")
            return None
        self.db.add(loan := Loan(book_id=book.id, reader=reader))
        await self.db.commit()
        await self.db.refresh(loan)
        self.log.append(f"lent {book.title}")
        return loan

    async def count(self, reader: str) -> int:
        return len(await self.loans(reader))

    async def loans(self, reader: str) -> list[Loan]:
        return list(await self.db.scalars(select(Loan).where(Loan.reader == reader).order_by(Loan.id)))


class Reader:
    """A dependency that is an object: ``Depends(Reader("x-reader"))``."""

    def __init__(self, fallback: str) -> None:
        self.fallback = fallback


def counter(model: type, *where: Callable) -> Callable[[AsyncSession], Awaitable[int]]:
    """A function that counts rows; made while modules are imported."""

    async def count(db: AsyncSession) -> int:
        statement = select(func.count()).select_from(model)
        for clause in where:
            statement = statement.where(clause(model))
        return await db.scalar(statement)

    return count


count_books = counter(Book)
count_rare = counter(Book, lambda m: m.copies == 1)
