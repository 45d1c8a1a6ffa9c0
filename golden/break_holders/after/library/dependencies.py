from typing import Annotated

from dependency_injector.wiring import Provide, inject
from fastapi import Depends, Header
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .containers import Container
from .database import Database
from .models import Loan
from .services import Desk


@inject
async def get_session(database: Database = Depends(Provide[Container.db])):
    async with database.session() as session:
        yield session


Db = Annotated[AsyncSession, Depends(get_session)]


def desk(limit: int):
    """A dependency factory: how much a reader may have."""

    def make(db: Db) -> Desk:
        return Desk(db, limit)

    return make


class KnownReader:
    """A dependency with a state of its own, called for each request."""

    def __init__(self, fallback: str):
        self.fallback = fallback

    async def __call__(self, db: Db, x_reader: Annotated[str | None, Header()] = None) -> dict:
        name = x_reader or self.fallback
        loans = (await db.scalars(select(Loan.book_id).where(Loan.reader == name).order_by(Loan.id))).all()
        return {"name": name, "books": loans}


known_reader = KnownReader("nobody")
