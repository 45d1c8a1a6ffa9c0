from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .models import Book, Loan
from .repositories import Authors, Books


class Catalogue:
    def __init__(self, authors: Authors, books: Books) -> None:
        self._authors = authors
        self._books = books

    def publish(self, author: str, title: str, copies: int) -> dict:
        known = {a.name: a.id for a in self._authors.all()}
        author_id = known[author] if author in known else self._authors.add(name=author).id
        book = self._books.add(title=title, copies=copies, author_id=author_id)
        return {"id": book.id, "title": book.title, "author_id": author_id}

    def overview(self) -> dict:
        return {
            "authors": {author.name: self._authors.titles(author.id) for author in self._authors.all()},
            "copies": self._books.copies(),
            "tables": [self._authors.name, self._books.name],
        }


@dataclass
class Desk:
    """Lends books; lives as long as a request."""

    db: Session
    limit: int = 2
    log: list[str] = field(default_factory=list)

    def lent(self, book: Book) -> int:
        return self.db.scalar(select(func.count(Loan.id)).where(Loan.book_id == book.id)) or 0

    def lend(self, book_id: int, reader: str) -> Loan | None:
        book = self.db.get(Book, book_id)
        if book is None or self.lent(book) >= book.copies or self.count(reader) >= self.limit:
            self.log.append(f"refused {reader}")
            return None
        self.db.add(loan := Loan(book_id=book.id, reader=reader))
        self.db.commit()
        self.log.append(f"lent {book.title}")
        return loan

    def count(self, reader: str) -> int:
        return len(self.loans(reader))

    def loans(self, reader: str) -> list[Loan]:
        return list(self.db.scalars(select(Loan).where(Loan.reader == reader).order_by(Loan.id)))


class Reader:
    """A dependency that is an object: ``Depends(Reader("x-reader"))``."""

    def __init__(self, fallback: str) -> None:
        self.fallback = fallback


def counter(model: type, *where: Callable) -> Callable[[Session], int]:
    """A function that counts rows; made while modules are imported."""

    def count(db: Session) -> int:
        statement = select(func.count()).select_from(model)
        for clause in where:
            statement = statement.where(clause(model))
        return db.scalar(statement)

    return count


count_books = counter(Book)
count_rare = counter(Book, lambda m: m.copies == 1)
