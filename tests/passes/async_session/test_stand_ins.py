"""Mocks of objects, classes and modules whose functions become async; what is put by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

APPLICATION = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

import crud

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


class Repo:
    def __init__(self, db: Session):
        self.db = db
        self.limit = 3

    def find(self, name):
        return self.db.scalars(select(crud.Item).where(crud.Item.name == name)).first()

    def title(self, item):
        return item.name.upper()


class Service:
    def __init__(self, repo: Repo):
        self.repo = repo

    def shout(self, name):
        return self.repo.title(self.repo.find(name))


def get_repo(db: Session = Depends(get_db)):
    return Repo(db)


@app.get("/own/{name}")
def own(name: str, db: Session = Depends(get_db)):
    return Repo(db).find(name).name


@app.get("/repo/{name}")
def read(name: str, repo: Repo = Depends(get_repo)):
    return repo.title(repo.find(name))


@app.get("/limit")
def limit(repo: Repo = Depends(get_repo)):
    return [repo.limit, repo.find("a")]


@app.get("/made/{name}")
def made(name: str, db: Session = Depends(get_db)):
    return get_repo(db).title(get_repo(db).find(name))


@app.get("/crud/{name}")
def crud_read(name: str, db: Session = Depends(get_db)):
    return crud.label(crud.find(db, name))
"""
CRUD = """\
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def find(db: Session, name):
    return db.execute(select(Item).where(Item.name == name)).scalars().first()


def label(item):
    return item.name.upper()
"""
HEAD = """\
import functools
import unittest
from unittest.mock import DEFAULT, MagicMock, Mock, create_autospec, patch

import app
import crud
import pytest
from app import Repo, Service, get_repo
from crud import Item
from fastapi.testclient import TestClient

client = TestClient(app.app)


"""
SUITES = {
    "objects": """
@patch("app.Repo")
def test_class(repo):
    repo.return_value.find.return_value = Item(name="b")
    assert client.get("/own/a").json() == "b"
    repo.return_value.find.assert_called_once_with("a")


def test_what_a_class_gives():
    made = MagicMock()
    made.find.return_value = Item(name="b")
    with patch("app.Repo", return_value=made):
        assert client.get("/own/a").json() == "b"


def test_module():
    with patch("app.crud") as module:
        module.find.return_value = Item(name="b")
        module.label.return_value = "L"
        assert client.get("/crud/a").json() == "L"


def test_argument():
    repo = MagicMock()
    repo.title.return_value = "T"
    assert Service(repo).shout("a") == "T"
    repo.find.assert_called_once_with("a")


def test_attribute():
    service = Service(None)
    service.repo = Mock(find=Mock(return_value=None))
    service.repo.title.return_value = "T"
    assert service.shout("a") == "T"


def test_deep():
    service = Service(MagicMock())
    service.repo.find.return_value.name.upper.return_value = "B"
    service.repo.title.side_effect = lambda item: item.name.upper()
    assert service.shout("a") == "B"


@pytest.fixture
def repo():
    mock = MagicMock()
    mock.find.return_value = Item(name="b")
    mock.title.return_value = "T"
    return mock


@pytest.fixture
def service(repo):
    return Service(repo=repo)


def test_fixture(service, repo):
    assert service.shout("a") == "T"
    repo.find.side_effect = ValueError
    with pytest.raises(ValueError):
        service.shout("a")


def test_override(repo):
    app.app.dependency_overrides[get_repo] = lambda: repo
    assert client.get("/repo/a").json() == "T"
    app.app.dependency_overrides.clear()


def test_what_a_spec_does_not_know(repo):
    repo.limit = 5
    repo.find.return_value = None
    app.app.dependency_overrides[get_repo] = lambda: repo
    assert client.get("/limit").json() == [5, None]
    assert repo.db is not None
    app.app.dependency_overrides.clear()


def test_by_hand():
    kept = crud.find
    crud.find = lambda db, name: Item(name="b")
    try:
        assert client.get("/crud/a").json() == "B"
    finally:
        crud.find = kept


class Cases(unittest.TestCase):
    def setUp(self):
        self.repo = MagicMock()
        self.service = Service(self.repo)

    def test_set_up(self):
        self.repo.title.return_value = "T"
        self.assertEqual(self.service.shout("a"), "T")
""",
    "functions": """
def test_a_method_gets_its_object(monkeypatch):
    monkeypatch.setattr(Repo, "find", lambda self, name: Item(name=name + str(self.limit)))
    assert client.get("/own/a").json() == "a3"


def shared(self, name):
    return Item(name=name)


def test_a_function_that_is_also_called(monkeypatch):
    monkeypatch.setattr("app.Repo.find", shared)
    assert client.get("/own/a").json() == shared(None, "a").name


def test_partial(monkeypatch):
    def found(item, db, name):
        return item

    monkeypatch.setattr(crud, "find", functools.partial(found, Item(name="b")))
    assert client.get("/crud/a").json() == "B"


def test_context(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(crud, "find", lambda db, name: Item(name="b"))
        assert client.get("/crud/a").json() == "B"


def test_multiple():
    with patch.multiple("crud", find=Mock(return_value=None), label=DEFAULT) as mocks:
        mocks["label"].return_value = "L"
        assert client.get("/crud/a").json() == "L"


def test_multiple_default():
    with patch.multiple(crud, find=DEFAULT) as mocks:
        mocks["find"].return_value = Item(name="b")
        assert client.get("/crud/a").json() == "B"


@patch("crud.find")
def test_deep(find):
    find.return_value.name.upper.return_value = "D"
    assert client.get("/crud/a").json() == "D"


def test_what_it_wraps():
    db = MagicMock()
    db.execute.return_value.scalars.return_value.first.return_value = Item(name="b")
    app.app.dependency_overrides[app.get_db] = lambda: db
    with patch("crud.find", wraps=crud.find) as spy:
        assert client.get("/crud/a").json() == "B"
    spy.assert_called_once_with(db, "a")
    app.app.dependency_overrides.clear()


def test_autospec(monkeypatch):
    like = create_autospec(crud.find, return_value=Item(name="b"))
    monkeypatch.setattr(crud, "find", like)
    assert client.get("/crud/a").json() == "B"


class FakeRepo:
    def __init__(self, db=None):
        self.db = db

    def find(self, name):
        return Item(name="b")

    def title(self, item):
        return "T"


def test_fake_of_an_override():
    app.app.dependency_overrides[get_repo] = lambda: FakeRepo()
    assert client.get("/repo/a").json() == "T"
    app.app.dependency_overrides.clear()


def test_fake_class(monkeypatch):
    monkeypatch.setattr("app.Repo", FakeRepo)
    assert client.get("/own/a").json() == "b"
    assert Service(FakeRepo()).shout("a") == "T"
""",
}


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_suites_pass_before_and_after(suite: str, tmp_path: Path) -> None:
    files = {"app.py": APPLICATION, "crud.py": CRUD}
    before = files | {"tests/test_app.py": HEAD + suite.lstrip()}
    after = flipped(before)
    assert "async def find" in after["app.py"]
    assert "async def find" in after["crud.py"]
    count = passing(before, tmp_path / "before")
    assert count == suite.count("def test_")
    assert passing(after, tmp_path / "after") == count


def test_mocks_that_stand_for_nothing_async_stay() -> None:
    suite = """
class Mail:
    def send(self, text):
        return text


class Sender:
    def __init__(self, mail: Mail):
        self.mail = mail


def test_mail():
    sender = Sender(MagicMock())
    sender.mail = Mock()
    sender.mail.send.return_value.upper.return_value = "A"
    sender.mail.send = lambda text: text
    with patch("crud.label") as label, patch("crud.Item") as item:
        label.return_value.name.return_value = item


@pytest.mark.parametrize("mock", [MagicMock(find=MagicMock())])
def test_unknown(mock):
    mock.find.return_value.name.return_value = "b"


def test_a_spec_stays(monkeypatch):
    repo = MagicMock(spec=Repo)
    monkeypatch.setattr(Repo, "title", lambda self, item: "T")
    assert get_repo is not None
    app.app.dependency_overrides[get_repo] = lambda: repo


class Shelf:
    def find(self, name):
        return self.title(name)

    def title(self, item):
        return item


def test_a_fake_that_stands_nowhere():
    assert Shelf().find("a") == "a"
"""
    text = HEAD + suite.lstrip()
    files = {"app.py": APPLICATION, "crud.py": CRUD, "tests/test_app.py": text}
    assert flipped(files)["tests/test_app.py"] == text


def test_a_mock_that_the_test_calls_keeps_its_function_sync() -> None:
    suite = """
def test_direct():
    like = create_autospec(crud.find)
    like.return_value = 3
    assert like(None, "a") == 3
"""
    files = {"app.py": APPLICATION, "crud.py": CRUD, "tests/test_app.py": HEAD + suite.lstrip()}
    after = flipped(files)
    assert after["crud.py"] == CRUD
    assert "run_sync(crud.find" in after["app.py"]
