"""Used by the routes, by manage.py and by the threads in tasks.py."""

from datetime import date
from typing import Callable, Iterable, List

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .db import transactional
from .models import Author, Book, Loan, Member


class LibraryError(Exception):
    pass


def get_or_create_author(db: Session, name: str) -> Author:
    author = db.query(Author).filter_by(name=name).one_or_none()
    if author is None:
        author = Author(name=name)
        db.add(author)
        db.flush()
    return author


@transactional
def add_book(db: Session, title: str, author: str) -> Book:
    writer = get_or_create_author(db, author)
    if any(book.title == title for book in writer.books):
        raise LibraryError(f"{title} is here already")
    book = Book(title=title, author=writer)
    db.add(book)
    db.flush()
    return book


@transactional
def add_book_label(db: Session, title: str, author: str) -> str:
    return str(add_book(db, title, author))


def shelf(db: Session) -> List[Book]:
    """All the books, as they stand on the shelf."""
    books = db.query(Book).all()
    return sorted(books, key=lambda book: (book.author.name.lower(), book.title.lower()))


def lend(db: Session, book_id: int, member_id: int, due: date) -> Loan:
    def require(model, pk):
        found = db.get(model, pk)
        if found is None:
            raise LookupError(f"No {model.__name__.lower()} {pk}")
        return found

    book, member = require(Book, book_id), require(Member, member_id)
    if book.current_loan:
        raise LibraryError(f"{book.label} is lent to {book.current_loan.member.name}")
    if not member.may_borrow():
        raise LibraryError(f"{member.name} has {len(member.open_loans)} books")
    loan = Loan(book=book, member=member, due=due)
    db.add(loan)
    db.commit()
    return loan


def bring_back(db: Session, loan_id: int, day: date) -> Loan | None:
    loan = db.get(Loan, loan_id)
    if loan and not loan.returned:
        loan.returned = day
        db.commit()
        return loan
    return None


def overdue(db: Session, today: date) -> Iterable[Loan]:
    """Yields the late ones, the latest first."""
    late = select(Loan).where(Loan.due < today, Loan.returned.is_(None))
    yield from db.scalars(late.order_by(Loan.due, Loan.id))


def reminders(db: Session, today: date, render: Callable[[Loan], str] | None = None) -> List[str]:
    def default(loan):
        return f"{loan.member.name}: {loan.book.label}, {(today - loan.due).days} days late"

    return [(render or default)(loan) for loan in overdue(db, today)]


def statistics(db: Session) -> dict:
    def count(model) -> int:
        return db.scalar(select(func.count()).select_from(model))

    counts = {model.__tablename__: count(model) for model in (Author, Book, Loan, Member)}
    busiest = max(db.query(Member).all(), key=lambda m: (len(m.loans), m.name), default=None)
    return {**counts, "busiest": busiest and busiest.name}
