import os

from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from async_database_url import async_database_url

engine = create_async_engine(
    async_database_url(os.environ.get("DATABASE_URL", "sqlite:///tickets.db"))
)


class Ticket(SQLModel, table=True):
    __tablename__ = "tickets"

    id: int | None = Field(default=None, primary_key=True)
    subject: str
    status: str = "open"


class Mail(SQLModel, table=True):
    __tablename__ = "mails"

    id: int | None = Field(default=None, primary_key=True)
    subject: str


class Step(SQLModel, table=True):
    __tablename__ = "steps"

    id: int | None = Field(default=None, primary_key=True)
    agent: str
    what: str


async def get_session():
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
