"""Sessions that come out of context variables, of ``next()`` and of managers made by a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

DATABASE = """\
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db", connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def add(db: Session, name: str) -> None:
    db.add(Item(name=name))
    db.commit()


def names(db: Session) -> list[str]:
    return list(db.scalars(select(Item.name).order_by(Item.id)))


def get_db():
    with SessionLocal() as db:
        yield db
"""
ROUTES = """

@app.get("/items")
def read(db: Session = Depends(get_db)):
    add(db, "two")
    return names(db)
"""
CONTEXT = """\
from contextlib import contextmanager
from contextvars import ContextVar

from database import SessionLocal, add, get_db, names
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

app = FastAPI()
current: ContextVar[Session] = ContextVar("current")


@contextmanager
def scope():
    db = SessionLocal()
    token = current.set(db)
    try:
        yield db
    finally:
        current.reset(token)
        db.close()


def get_session() -> Session:
    return current.get()


@app.middleware("http")
async def scoped(request, call_next):
    with scope():
        return await call_next(request)


@app.post("/items")
def write():
    add(get_session(), "one")
"""
NEXT = """\
from database import add, get_db, names
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

app = FastAPI()


def session():
    return next(get_db())


@app.post("/items")
def write():
    db = session()
    add(db, "one")
    db.close()
"""
MANAGED = """\
from contextlib import contextmanager

from database import add, get_db, names
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

app = FastAPI()
managed = contextmanager(get_db)


@app.post("/items")
def write():
    with managed() as db:
        add(db, "one")
"""
SUITE = """\
from app import app
from database import Base, engine
from fastapi.testclient import TestClient


def test_items():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with TestClient(app) as client:
        assert client.post("/items").json() is None
        assert client.get("/items").json() == ["one", "two"]
"""


@pytest.mark.parametrize(
    ("app", "follows"),
    [(CONTEXT, False), (NEXT, False), (MANAGED, True)],
    ids=["context variable", "next", "contextmanager"],
)
def test_one_session_has_one_colour(app: str, follows: bool, tmp_path: Path) -> None:
    files = {"database.py": DATABASE, "app.py": app + ROUTES, "test_app.py": SUITE}
    assert passing(files, tmp_path / "before") == 1
    after = flipped(files)
    assert ("async def names" in after["database.py"]) is follows
    assert ("managed = asynccontextmanager(get_db)" in after["app.py"]) is follows
    assert passing(after, tmp_path / "after") == 1
