from datetime import date
from typing import List, Optional

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .db import Base


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    books: Mapped[List["Book"]] = relationship(back_populates="author", order_by="Book.title")


class Member(Base):
    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    loans: Mapped[List["Loan"]] = relationship(back_populates="member", order_by="Loan.id")

    @property
    def open_loans(self) -> List["Loan"]:
        return [loan for loan in self.loans if loan.returned is None]

    def may_borrow(self, limit: int = 2) -> bool:
        return len(self.open_loans) < limit


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    search: Mapped[Optional[str]]  # filled by library.tasks

    author: Mapped[Author] = relationship(back_populates="books")
    loans: Mapped[List["Loan"]] = relationship(back_populates="book", order_by="Loan.id")

    @property
    def label(self) -> str:
        return f"{self.title} ({self.author.name})"

    @property
    def current_loan(self) -> Optional["Loan"]:
        return next((loan for loan in self.loans if loan.returned is None), None)

    def __str__(self):
        return self.label


class Loan(Base):
    __tablename__ = "loans"

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    due: Mapped[date]
    returned: Mapped[Optional[date]]

    book: Mapped[Book] = relationship(back_populates="loans")
    member: Mapped[Member] = relationship(back_populates="loans")
