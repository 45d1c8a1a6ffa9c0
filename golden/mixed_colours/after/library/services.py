"""Used by the routes, by manage.py and by the threads in tasks.py."""

from datetime import date
from typing import Callable, Iterable, List

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, immediateload, selectinload

from .db import transactional
from .models import Author, Book, Loan, Member


class LibraryError(Exception):
    pass


def get_or_create_author(db: Session, name: str) -> Author:
    author = db.scalars(
        select(Author).options(selectinload(Author.books)).filter_by(name=name)
    ).one_or_none()
    if author is None:
        author = Author(name=name)
        db.add(author)
        db.flush()
        db.get(
            Author,
            author.id,
            options=[selectinload(Author.books)],
            populate_existing=True,
        )
    return author


@transactional
def add_book(db: Session, title: str, author: str) -> Book:
    writer = get_or_create_author(db, author)
    if any(book.title == title for book in writer.books):
        raise LibraryError(f"{title} is here already")
    book = Book(title=title, author=writer)
    db.add(book)
    db.flush()
    db.get(
        Book,
        book.id,
        options=[
            immediateload(Book.author),
            selectinload(Book.loans).selectinload(Loan.member),
        ],
        populate_existing=True,
    )
    return book


@transactional
def add_book_label(db: Session, title: str, author: str) -> str:
    return str(add_book(db, title, author))


def shelf(db: Session) -> List[Book]:
    """All the books, as they stand on the shelf."""
    books = db.scalars(
        select(Book).options(
            selectinload(Book.author),
            selectinload(Book.loans).selectinload(Loan.member),
        )
    ).all()
    return sorted(books, key=lambda book: (book.author.name.lower(), book.title.lower()))


async def lend(db: AsyncSession, book_id: int, member_id: int, due: date) -> Loan:
    async def require(model, pk, options=()):
        found = await db.get(model, pk, options=options)
        if found is None:
            raise LookupError(f"No {model.__name__.lower()} {pk}")
        return found

    book, member = await require(
        Book,
        book_id,
        options=[
            immediateload(Book.author),
            selectinload(Book.loans).selectinload(Loan.member),
        ],
    ), await require(Member, member_id, options=[selectinload(Member.loans)])
    if book.current_loan:
        raise LibraryError(f"{book.label} is lent to {book.current_loan.member.name}")
    if not member.may_borrow():
        raise LibraryError(f"{member.name} has {len(member.open_loans)} books")
    loan = Loan(book=book, member=member, due=due)
    db.add(loan)
    await db.commit()
    query = (
        select(Loan)
        .options(
            selectinload(Loan.book).options(
                immediateload(Book.author),
                selectinload(Book.loans).selectinload(Loan.member),
            ),
            immediateload(Loan.member),
        )
        .where(Loan.id == loan.id)
    )
    db.expire(loan)
    (await db.execute(query)).scalar_one()
    return loan


async def bring_back(db: AsyncSession, loan_id: int, day: date) -> Loan | None:
    loan = await db.get(Loan, loan_id)
    if loan and not loan.returned:
        loan.returned = day
        await db.commit()
        query = (
            select(Loan)
            .options(
                selectinload(Loan.book).options(
                    immediateload(Book.author),
                    selectinload(Book.loans).selectinload(Loan.member),
                ),
                immediateload(Loan.member),
            )
            .where(Loan.id == loan.id)
        )
        db.expire(loan)
        (await db.execute(query)).scalar_one()
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
    busiest = max(
        db.scalars(select(Member).options(selectinload(Member.loans))).all(),
        key=lambda m: (len(m.loans), m.name),
        default=None,
    )
    return {**counts, "busiest": busiest and busiest.name}
