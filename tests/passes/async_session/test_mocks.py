"""Mocks of what becomes async: the suite passes before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

APPLICATION = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


def find(db: Session, name):
    return db.execute(select(Item).where(Item.name == name)).scalars().first()


def save(db: Session, item):
    db.add(item)
    db.commit()
    return item


class Shelf:
    def __init__(self, db: Session):
        self.db = db

    def count(self):
        return len(self.db.scalars(select(Item)).all())


def total():
    with SessionLocal() as db:
        return len(db.scalars(select(Item)).all())


@app.get("/total")
def read_total():
    return {"total": total()}


@app.get("/count")
def count(db: Session = Depends(get_db)):
    return {"count": Shelf(db).count()}


@app.get("/{name}")
def read(name: str, db: Session = Depends(get_db)):
    item = find(db, name)
    return {"name": item.name if item else None}


@app.post("/{name}")
def create(name: str, db: Session = Depends(get_db)):
    return {"name": save(db, Item(name=name)).name}
"""
HEAD = """\
from unittest.mock import MagicMock, Mock, create_autospec, patch

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

import app
from app import Item, Shelf, find, get_db, save

client = TestClient(app.app)


"""
SUITES = {
    "a session that is passed on": """
def test_save():
    db = MagicMock()
    save(db, Item(name="a"))
    db.add.assert_called_once()
    db.commit.assert_called_once_with()


def test_find():
    db = MagicMock()
    db.execute.return_value.scalars.return_value.first.return_value = Item(name="a")
    assert find(db, "a").name == "a"


def test_nothing_configured():
    assert find(MagicMock(), "a") is not None
""",
    "a session with a spec": """
def test_spec():
    db = Mock(spec=Session)
    assert save(db, 1) == 1
    db.commit.assert_called_once_with()


def test_autospec():
    db = create_autospec(Session)
    assert save(db, 1) == 1
    db.commit.assert_called_once_with()
""",
    "a session in a class": """
def test_shelf():
    db = MagicMock()
    db.scalars.return_value.all.return_value = [1, 2]
    assert Shelf(db).count() == 2
""",
    "a session of a fixture": """
@pytest.fixture
def db():
    session = MagicMock()
    session.scalars.return_value.all.return_value = [1]
    return session


@pytest.fixture
def shelf(db):
    return Shelf(db)


def test_shelf(db):
    assert Shelf(db).count() == 1


def test_fixture(shelf):
    assert shelf.count() == 1
""",
    "a session of an override": """
def test_override():
    db = MagicMock()
    db.execute.return_value.scalars.return_value.first.return_value = None
    app.app.dependency_overrides[get_db] = lambda: db
    assert client.get("/a").json() == {"name": None}
    app.app.dependency_overrides.clear()
""",
    "a factory": '''
@patch("app.SessionLocal")
def test_named(factory):
    db = MagicMock()
    db.commit.side_effect = ValueError("no")
    factory.return_value = db
    with pytest.raises(ValueError, match="no"):
        client.post("/a")
    db.close.assert_called_once_with()


@patch("app.SessionLocal")
def test_not_configured(factory):
    """Nothing is said about the session."""
    assert client.get("/count").status_code == 200


def test_with():
    with patch("app.SessionLocal") as factory:
        factory.return_value.commit.side_effect = ValueError("no")
        with pytest.raises(ValueError, match="no"):
            client.post("/a")


@patch("app.SessionLocal")
def test_entered(factory):
    db = MagicMock()
    db.scalars.return_value.all.return_value = [1]
    factory.return_value.__enter__.return_value = db
    assert client.get("/total").json() == {"total": 1}


def test_monkeypatch(monkeypatch):
    db = MagicMock()
    db.scalars.return_value.all.return_value = [1]
    monkeypatch.setattr(app, "SessionLocal", lambda: db)
    assert client.get("/count").json() == {"count": 1}
''',
    "functions": """
@patch("app.find")
def test_patch(find):
    find.return_value = Item(name="b")
    assert client.get("/a").json() == {"name": "b"}
    find.assert_called_once()


def test_lambda(monkeypatch):
    monkeypatch.setattr(app, "find", lambda db, name: Item(name="b"))
    assert client.get("/a").json() == {"name": "b"}


def test_path(monkeypatch):
    monkeypatch.setattr("app.find", lambda db, name: Item(name="b"))
    assert client.get("/a").json() == {"name": "b"}


def test_function(monkeypatch):
    def found(db, name):
        return Item(name="b")

    monkeypatch.setattr(app, "find", found)
    assert client.get("/a").json() == {"name": "b"}


def shared(db, name):
    return Item(name="b")


def test_function_that_is_also_called(monkeypatch):
    monkeypatch.setattr(app, "find", shared)
    assert client.get("/a").json() == {"name": shared(None, "a").name}


def test_new():
    with patch("app.find", MagicMock(return_value=Item(name="b"))):
        assert client.get("/a").json() == {"name": "b"}


def test_object():
    mock = Mock(return_value=3)
    with patch.object(Shelf, "count", new=mock):
        assert client.get("/count").json() == {"count": 3}
    mock.assert_called_once()


def test_class():
    with patch("app.find", new_callable=MagicMock) as find:
        find.side_effect = [None]
        assert client.get("/a").json() == {"name": None}
""",
}


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_suites_pass_before_and_after(suite: str, tmp_path: Path) -> None:
    before = {"app.py": APPLICATION, "tests/test_app.py": HEAD + suite.strip() + "\n"}
    after = flipped(before)
    assert "async def find" in after["app.py"]
    count = passing(before, tmp_path / "before")
    assert count == suite.count("def test_")
    assert passing(after, tmp_path / "after") == count


def test_mocks_of_other_things_stay() -> None:
    suite = (
        HEAD
        + """def test_other():
    mail = MagicMock()
    mail.send.return_value = 1
    with patch("app.app", mail), patch("app.Item") as item:
        item.return_value = mail
        assert find(MagicMock(spec=Shelf), "a") or mail.send("a") == 1
"""
    )
    text = flipped({"app.py": APPLICATION, "tests/test_app.py": suite})["tests/test_app.py"]
    assert "mail = MagicMock()\n" in text
    assert 'patch("app.Item") as item:\n        item.return_value = mail' in text
    assert "MagicMock(spec=Shelf)" in text


def test_mocks_for_what_stays_sync_stay() -> None:
    application = APPLICATION.replace("def find(", "@unknown\ndef find(")
    suite = (
        HEAD
        + """def test_find(monkeypatch):
    db = MagicMock()
    find(db, "a")
    monkeypatch.setattr(app, "find", lambda db, name: None)
"""
    )
    text = flipped({"app.py": application, "tests/test_app.py": suite})["tests/test_app.py"]
    assert text == suite
