import os

from sqlmodel import Field, Session, SQLModel, create_engine

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///tickets.db"))


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


def get_session():
    with Session(engine) as session:
        yield session
