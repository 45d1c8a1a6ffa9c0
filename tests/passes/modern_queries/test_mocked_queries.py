"""Mocks of legacy queries: a suite passes before, after this pass, and after the flip."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import passing

from codemods.config import Options
from codemods.passes import base
from codemods.passes.async_session import PASS as ASYNC
from codemods.passes.modern_queries import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

APPLICATION = """\
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner: Mapped[int]


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


def current_user(name: str, db: Session = Depends(get_db)):
    user = db.query(User).filter(User.name == name).first()
    if user is None:
        raise HTTPException(401)
    return user


class Items:
    def __init__(self, db: Session):
        self.db = db

    def find(self, name):
        return self.db.query(Item).filter_by(name=name).first()

    def page(self, name=None, skip=0):
        query = self.db.query(Item)
        if name:
            query = query.filter(Item.name == name)
        return query.count(), query.order_by(Item.id).offset(skip).limit(2).all()

    def names(self):
        return [name for (name,) in self.db.query(Item.name).filter(Item.owner == 1).all()]

    def remove(self, id):
        return self.db.query(Item).filter(Item.id == id).delete()

    def by_id(self, id):
        return self.db.query(Item).get(id)


def pair(db: Session):
    first = db.query(User).filter(User.id == 1).first()
    second = db.query(User).filter(User.id == 2).first()
    return first.name + second.name


@app.get("/items/{item}")
def read(item: str, user: User = Depends(current_user), db: Session = Depends(get_db)):
    found = Items(db).find(item)
    if found is None:
        raise HTTPException(404)
    return {"item": found.name, "user": user.name}


@app.get("/items/{item}/again")
def read_again(item: str, user: User = Depends(current_user), db: Session = Depends(get_db)):
    return {"mine": [row.name for row in Items(db).page(item)[1]]}
"""
HEAD = """\
from unittest.mock import MagicMock

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

import app
from app import Item, Items, User, get_db, pair

client = TestClient(app.app)


@pytest.fixture
def db():
    db = MagicMock(spec=Session)
    app.app.dependency_overrides[get_db] = lambda: db
    yield db
    app.app.dependency_overrides = {}


def log_in(db, user):
    db.query.return_value.filter.return_value.first.return_value = user


"""
SUITE = """\
def test_find():
    db = MagicMock()
    item = Item(name="a")
    db.query.return_value.filter_by.return_value.first.return_value = item
    assert Items(db).find("a") is item
    db.query.assert_called_once_with(Item)


def test_find_by_calls():
    db = MagicMock(spec=Session)
    db.query().filter_by().first.return_value = None
    assert Items(db).find("a") is None


def test_order():
    db = MagicMock()
    users = [User(name="a"), User(name="b")]
    db.query.return_value.filter.return_value.first.side_effect = users
    assert pair(db) == "ab"
    assert db.query.return_value.filter.return_value.first.call_count == 2


def test_page():
    db = MagicMock()
    query = MagicMock()
    db.query.return_value = query
    query.count.return_value = 3
    query.order_by.return_value.offset.return_value.limit.return_value.all.return_value = ["a"]
    assert Items(db).page() == (3, ["a"])


def test_fluent():
    db = MagicMock()
    query = db.query.return_value
    query.filter.return_value = query
    query.order_by.return_value = query
    query.offset.return_value = query
    query.limit.return_value = query
    query.count.return_value = 2
    query.all.return_value = ["a", "b"]
    assert Items(db).page("a") == (2, ["a", "b"])
    query.all.assert_called_once()


def test_columns():
    db = MagicMock()
    db.query.return_value.filter.return_value.all.return_value = [("a",)]
    assert Items(db).names() == ["a"]


def test_remove():
    db = MagicMock()
    db.query.return_value.filter.return_value.delete.return_value = 2
    assert Items(db).remove(1) == 2
    db.query.return_value.filter.return_value.delete.assert_called_once()


def test_nothing():
    db = MagicMock()
    Items(db)
    db.query.assert_not_called()


def test_get():
    db = MagicMock()
    db.query.return_value.get.return_value = None
    assert Items(db).by_id(1) is None


def test_error():
    db = MagicMock()
    db.query.side_effect = RuntimeError("gone")
    with pytest.raises(RuntimeError, match="gone"):
        Items(db).find("a")


def test_told_apart(db):
    log_in(db, User(name="ann"))
    db.query.return_value.filter_by.return_value.first.return_value = Item(name="a")
    answer = client.get("/items/a?name=ann")
    assert answer.json() == {"item": "a", "user": "ann"}
    db.query.return_value.filter_by.return_value.first.return_value = None
    assert client.get("/items/a?name=ann").status_code == 404


def test_refused(db):
    log_in(db, None)
    assert client.get("/items/a?name=ann").status_code == 401


def test_not_asked_for(db):
    log_in(db, User(name="ann"))
    rows = [Item(name="a")]
    db.query.return_value.filter_by.return_value.first.return_value = None
    paged = db.query.return_value.filter.return_value.order_by.return_value
    paged.offset.return_value.limit.return_value.all.return_value = rows
    assert client.get("/items/a/again?name=ann").json() == {"mine": ["a"]}
"""


def _migrated(suite: str, *passes: base.Pass) -> Migration:
    files = {"app.py": APPLICATION, "tests/test_app.py": HEAD + suite}
    sources = {path: SourceFile(path, text) for path, text in files.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), passes, Options(jobs=1))


def _texts(migration: Migration) -> dict[str, str]:
    return {path: file.text for path, file in migration.after.files.items()}


def test_a_suite_passes_after_each_pass(tmp_path: Path) -> None:
    count = SUITE.count("def test_")
    before = {"app.py": APPLICATION, "tests/test_app.py": HEAD + SUITE}
    assert passing(before, tmp_path / "before") == count
    modern = _texts(_migrated(SUITE, PASS))
    assert ".query" not in "".join(modern.values())
    assert passing(modern, tmp_path / "modern") == count
    flipped = _texts(_migrated(SUITE, PASS, ASYNC))
    assert "async def find" in flipped["app.py"]
    assert passing(flipped, tmp_path / "flipped") == count


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "db.query.return_value.filter_by.return_value.first.return_value = 1",
            "db.scalars.return_value.first.return_value = 1",
        ),
        (
            "db.query().filter_by().first.side_effect = [1]",
            "db.scalars.return_value.first.side_effect = [1]",
        ),
        ("db.query.assert_called_once()", "db.scalars.assert_called_once()"),
        (
            "db.query.assert_called_with(Item)",
            'assert db.scalars.call_args.args[0].column_descriptions[0]["entity"] is Item',
        ),
    ],
)
def test_forms(said: str, expected: str) -> None:
    suite = f"def test_find():\n    db = MagicMock()\n    {said}\n    Items(db).find('a')\n"
    assert expected in _texts(_migrated(suite, PASS))["tests/test_app.py"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("print(db.query.call_args)", "what is asked of it"),
        ("db.query.assert_called_once_with(Item, 1)", "has no counterpart"),
        ("db.query.return_value.filter_by.assert_called_once()", "what is asked of it"),
        ("db.query = MagicMock(return_value=1)", "what is asked of it"),
    ],
)
def test_what_has_no_counterpart_stays(said: str, reason: str) -> None:
    suite = f"def test_find():\n    db = MagicMock()\n    Items(db).find('a')\n    {said}\n"
    migration = _migrated(suite, PASS)
    assert said in _texts(migration)["tests/test_app.py"]
    (found,) = [f for run in migration.runs for f in run.outcome.findings if f.code == "LL220"]
    assert reason in found.message
