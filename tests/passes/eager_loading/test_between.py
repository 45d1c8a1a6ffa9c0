"""One fixture reads again what tests have expired, where many of them would ask for themselves."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "async_session"))

import pytest
from suites import passing

from codemods.config import Options
from codemods.passes.async_session import PASS as ASYNC
from codemods.passes.eager_loading import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

APP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///app.db")
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)


def get_db():
    with SessionLocal() as db:
        yield db


app = FastAPI()


@app.get("/users/{pk}")
def read(pk: int, db: Session = Depends(get_db)):
    return db.get(User, pk).name


@app.put("/users/{pk}")
def change(pk: int, name: str, db: Session = Depends(get_db)):
    db.get(User, pk).name = name
    db.commit()
"""

CONFTEST = """\
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from app import Base, User, app


@pytest.fixture(scope="session", autouse=True)
def tables():
    engine = create_engine("sqlite:///app.db")
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def db():
    with sessionmaker(create_engine("sqlite:///app.db"))() as session:
        yield session


@pytest.fixture(scope="session")
def user(db: Session):
    user = User(name="eve")
    db.add(user)
    db.commit()
    return user


@pytest.fixture(scope="module")
def known(user):
    return {user.name: user.id}


@pytest.fixture
def greeting(user):
    return f"hello {user.name}"


@pytest.fixture
def client():
    return TestClient(app)
"""

TESTS = """\
import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import User


def test_taken(db: Session, user):
    db.add(User(name=user.name))
    with pytest.raises(IntegrityError):
        db.commit()
    db.rollback()


def test_read(client, user):
    assert client.get(f"/users/{user.id}").json() == user.name


def test_again(db: Session):
    db.expire_all()


def test_greeting(greeting):
    assert greeting == "hello eve"


def test_once_more(db: Session):
    db.rollback()


def test_changed(client, user):
    client.put("/users/1", params={"name": "ann"})
    assert user.name == "ann"


def test_known(known):
    assert list(known.values()) == [1]


def test_key(client, user):
    assert client.put("/users/1", params={"name": "bob"}).status_code == 200
    assert user.id == 1
"""

FIXTURE = '''\
@pytest.fixture(autouse=True)
def refresh_expired(db: Session):
    """Reads again, before each test, what another one has expired."""
    for instance in list(db):
        if inspect(instance).expired:
            db.get(type(instance), inspect(instance).identity)
'''


def _files(**others: str) -> dict[str, str]:
    files = {"app.py": APP, "tests/conftest.py": CONFTEST, "tests/test_app.py": TESTS}
    return files | {f"tests/{name}.py": text for name, text in others.items()}


def _migrated(files: dict[str, str], *others: object) -> Migration:
    sources = {path: SourceFile(path, text) for path, text in files.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), [PASS, *others], Options(jobs=1))


def _texts(migration: Migration) -> dict[str, str]:
    return {path: file.text for path, file in migration.after.files.items()}


def test_one_fixture_and_the_tests_stay() -> None:
    texts = _texts(_migrated(_files()))
    conftest, tests = texts["tests/conftest.py"], texts["tests/test_app.py"]
    assert FIXTURE in conftest, conftest
    assert "def test_read(client, user):\n    assert client" in tests, tests
    assert "def test_key(client, user):\n    assert client" in tests, tests
    assert "def greeting(user):\n    return" in conftest, conftest
    again = _migrated(texts)
    assert not again.changed, again.changed


def test_what_the_test_has_changed_by_then_is_read_where_it_stands() -> None:
    tests = _texts(_migrated(_files()))["tests/test_app.py"]
    late = '"ann"})\n    db.refresh(user)\n    assert user.name == "ann"\n'
    assert (
        f'def test_changed(client, user, db):\n    client.put("/users/1", params={{"name": {late}'
        in (tests)
    )


def test_what_pytest_calls_before_asks_for_itself() -> None:
    conftest = _texts(_migrated(_files()))["tests/conftest.py"]
    asks = "def known(user, db):\n    if inspect(user).expired:\n        db.refresh(user)\n"
    assert asks in conftest, conftest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        yield session", "        session.add(User(name='new'))\n        yield session"),
        (
            "        yield session",
            "        session.execute(text('select 1'))\n        yield session",
        ),
        ("def db():", "def db(tmp_path_factory):"),
    ],
    ids=["adds", "asks the database", "another fixture"],
)
def test_a_session_that_does_more_is_not_given_to_all_tests(old: str, new: str) -> None:
    files = _files()
    files["tests/conftest.py"] = CONFTEST.replace(old, new)
    texts = _texts(_migrated(files))
    assert "refresh_expired" not in texts["tests/conftest.py"]
    assert "if inspect(user).expired:" in texts["tests/test_app.py"]


def test_not_where_two_fixtures_have_the_name() -> None:
    other = "import pytest\n\n\n@pytest.fixture\ndef db():\n    return {}\n"
    texts = _texts(_migrated(_files(test_other=other)))
    assert "refresh_expired" not in texts["tests/conftest.py"]


def test_few_ask_for_themselves() -> None:
    files = _files()
    files["tests/test_app.py"] = TESTS.partition("def test_greeting")[0]
    files["tests/conftest.py"] = CONFTEST.replace("def greeting(user):", "def greeting():").replace(
        'f"hello {user.name}"', '""'
    )
    texts = _texts(_migrated(files))
    assert "refresh_expired" not in texts["tests/conftest.py"]
    assert "if inspect(user).expired:" in texts["tests/test_app.py"]


def test_a_reader_that_is_silenced_is_left() -> None:
    files = _files()
    files["tests/test_app.py"] = TESTS.replace(
        "json() == user.name", "json() == user.name  # looplift: ignore[LL307]"
    )
    left = [f for f in _migrated(files).findings if f.treatment.value == "left"]
    assert [(f.code, f.symbol) for f in left] == [("LL307", "test_read")], left


def test_the_suite_passes_before_and_after(tmp_path: Path) -> None:
    """All three forms are needed: without the fixture, the migrated suite fails."""
    assert passing(_files(), tmp_path / "before") == 8
    texts = _texts(_migrated(_files(), ASYNC))
    assert passing(texts, tmp_path / "after") == 8
    conftest = texts["tests/conftest.py"]
    texts["tests/conftest.py"] = conftest.replace("in list(db)", "in []")
    assert texts["tests/conftest.py"] != conftest
    with pytest.raises(AssertionError, match="MissingGreenlet"):
        passing(texts, tmp_path / "less")
