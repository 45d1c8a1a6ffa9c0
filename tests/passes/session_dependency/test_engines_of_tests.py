"""Engines that tests make: disposed of where nobody does it, and left where somebody does."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes.session_dependency import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

APP = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker


class Database:
    def __init__(self, url):
        self._engine = create_engine(url)
        self.session = sessionmaker(self._engine)


class Careful:
    def __init__(self, url):
        self.engine = create_engine(url)

    def stop(self):
        self.engine.dispose()
"""
HEAD = """\
import app
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session


"""

DISPOSED = {
    "a fixture that returns it": (
        """
        @pytest.fixture
        def engine(tmp_path) -> Engine:
            engine = create_engine(f"sqlite:///{tmp_path}/t.db")
            return engine
        """,
        """
        @pytest.fixture
        def engine(tmp_path) -> Iterator[Engine]:
            engine = create_engine(f"sqlite:///{tmp_path}/t.db")
            yield engine
            engine.dispose()
        """,
    ),
    "one that returns the call": (
        """
        @pytest.fixture
        def engine():
            return create_engine("sqlite://")
        """,
        """
        @pytest.fixture
        def engine():
            engine = create_engine("sqlite://")
            yield engine
            engine.dispose()
        """,
    ),
    "one that yields a session": (
        """
        @pytest.fixture
        def engine():
            made = create_engine("sqlite://")
            with Session(made) as db:
                yield db
        """,
        """
        @pytest.fixture
        def engine():
            made = create_engine("sqlite://")
            with Session(made) as db:
                yield db
            made.dispose()
        """,
    ),
    "an object that holds one": (
        """
        @pytest.fixture
        def engine():
            database = app.Database("sqlite://")
            return database._engine
        """,
        """
        @pytest.fixture
        def engine():
            database = app.Database("sqlite://")
            yield database._engine
            database._engine.dispose()
        """,
    ),
    "a fixture that gives nothing": (
        """
        @pytest.fixture(autouse=True)
        def engine(monkeypatch):
            made = create_engine("sqlite://")
            monkeypatch.setattr(app, "engine", made, raising=False)
        """,
        """
        @pytest.fixture(autouse=True)
        def engine(monkeypatch):
            made = create_engine("sqlite://")
            monkeypatch.setattr(app, "engine", made, raising=False)
            yield
            made.dispose()
        """,
    ),
    "a test": (
        """
        def test_engine():
            engine = create_engine("sqlite://")
            with engine.connect() as connection:
                assert connection.scalar(text("select 1")) == 1
        """,
        """
        def test_engine():
            engine = create_engine("sqlite://")
            with engine.connect() as connection:
                assert connection.scalar(text("select 1")) == 1
            engine.dispose()
        """,
    ),
}

LEFT = {
    "it is disposed of": """
        @pytest.fixture
        def engine():
            engine = create_engine("sqlite://")
            yield engine
            engine.dispose()
        """,
    "who asks for it disposes of it": """
        @pytest.fixture
        def engine():
            return create_engine("sqlite://")

        @pytest.fixture
        def db(engine):
            with Session(engine) as db:
                yield db
            engine.dispose()
        """,
    "the class of its holder knows how": """
        @pytest.fixture
        def engine():
            database = app.Careful("sqlite://")
            return database.engine
        """,
    "it comes from elsewhere": """
        @pytest.fixture
        def engine():
            database = app.Database
            return database
        """,
    "it returns in two places": """
        @pytest.fixture
        def engine(request):
            engine = create_engine("sqlite://")
            if request.node.name == "test_a":
                return engine.connect()
            return engine
        """,
    "a helper of the tests makes it": """
        def engine():
            engine = create_engine("sqlite://")
            return engine
        """,
}


def migrated(body: str) -> Migration:
    test = HEAD + textwrap.dedent(body).strip("\n") + "\n"
    files = {
        "app.py": SourceFile("app.py", APP),
        "test_app.py": SourceFile("test_app.py", test),
    }
    return migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))


@pytest.mark.parametrize("name", DISPOSED)
def test_disposed(name: str, tmp_path: Path) -> None:
    body, expected = DISPOSED[name]
    result = migrated(body)
    text = result.after["test_app.py"].text
    rest = text.partition("\n\n\n")[2]
    assert rest == textwrap.dedent(expected).strip("\n") + "\n"
    assert [finding.code for finding in result.findings] == ["LL105"]
    again = migrate(result.after, [PASS], Options(jobs=1))
    assert again.after["test_app.py"].text == text
    assert not again.findings
    (tmp_path / "app.py").write_text(APP)
    use = "\n\ndef test_use(engine):\n    assert True\n"
    (tmp_path / "test_app.py").write_text(text if "def test_" in text else text + use)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ran.returncode == 0 and "1 passed" in ran.stdout, ran.stdout


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    result = migrated(LEFT[name])
    assert result.after["test_app.py"].text == HEAD + textwrap.dedent(LEFT[name]).strip("\n") + "\n"
