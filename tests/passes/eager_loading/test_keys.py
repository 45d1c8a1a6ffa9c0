"""Fixtures of which tests read only the key read nothing again behind their commit."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "async_session"))

import pytest
from suites import passing

from codemods.config import Options
from codemods.passes.async_session import PASS as ASYNC
from codemods.passes.eager_loading import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

APP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///app.db")
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    with SessionLocal() as db:
        yield db


app = FastAPI()


@app.get("/users/{user_id}")
def read(user_id: int, db: Session = Depends(get_db)):
    return db.get(User, user_id).name
"""

CONFTEST = """\
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from app import Base, User, app, get_db

engine = create_engine("sqlite:///test.db")
TestingSession = sessionmaker(engine)


def override():
    with TestingSession() as db:
        yield db


@pytest.fixture
def client():
    app.dependency_overrides[get_db] = override
    return TestClient(app)


@pytest.fixture
def user():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    user = User(name="eve")
    db = TestingSession()
    db.add(user)
    db.commit()
    yield user
    db.close()
"""

KEY = """\
def test_key(client, user):
    assert client.get(f"/users/{user.id}").json() == "eve"
"""

#: Tests that want more of the object than its key, or that hide what they want.
MORE = {
    "a column": "\n\ndef test_name(user):\n    assert user.name == 'eve'\n",
    "handed on": "\n\ndef test_handed(user):\n    assert repr(user)\n",
    "by name": (
        "\n\ndef test_by_name(request):\n"
        "    assert request.getfixturevalue('user').name == 'eve'\n"
    ),
}


def _migrated(tests: str) -> dict[str, str]:
    files = {"app.py": APP, "conftest.py": CONFTEST, "test_app.py": tests}
    sources = {path: SourceFile(path, text) for path, text in files.items()}
    found = migrate(CodeBase(Path("/nowhere"), sources), [PASS, ASYNC], Options(jobs=1))
    return {path: file.text for path, file in found.after.files.items()}


def test_a_key_is_not_read_again(tmp_path: Path) -> None:
    texts = _migrated(KEY)
    assert "refresh" not in texts["conftest.py"], texts["conftest.py"]
    assert passing(texts, tmp_path) == 1


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_more_than_a_key_is_read_again(tmp_path: Path, more: str) -> None:
    texts = _migrated(KEY + more)
    assert "await db.refresh(user)" in texts["conftest.py"], texts["conftest.py"]
    assert passing(texts, tmp_path) == 2
