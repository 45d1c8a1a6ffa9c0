"""The pass on every shape of a leaking session, and the application that it leaves running."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from codemods.config import Options
from codemods.findings import Treatment
from codemods.passes.session_dependency import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
from fastapi import Depends, FastAPI, Request
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

engine = create_engine(
    "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
)
SessionLocal = sessionmaker(bind=engine)
app = FastAPI()


"""

ROUTE = """

@app.get("/")
def read(db: Session = Depends(get_db)):
    return db.execute(text("SELECT 1")).scalar()
"""


def migrated(source: str) -> Migration:
    files = {"app.py": SourceFile("app.py", source)}
    return migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))


def text_of(body: str, tail: str = ROUTE) -> str:
    return HEAD + textwrap.dedent(body).strip("\n") + "\n" + tail


SHAPES = {
    "return of a call": (
        """
        def get_db():
            return SessionLocal()
        """,
        """
        def get_db():
            with SessionLocal() as db:
                yield db
        """,
    ),
    "docstring stays": (
        '''
        def get_db():
            """A session."""
            session = SessionLocal()
            return session
        ''',
        '''
        def get_db():
            """A session."""
            with SessionLocal() as session:
                yield session
        ''',
    ),
    "closed before use": (
        """
        def get_db():
            db = SessionLocal()
            try:
                return db
            finally:
                db.close()
        """,
        """
        def get_db():
            with SessionLocal() as db:
                yield db
        """,
    ),
    "opened in the try": (
        """
        def get_db():
            try:
                db = SessionLocal()
                return db
            finally:
                db.close()
        """,
        """
        def get_db():
            with SessionLocal() as db:
                yield db
        """,
    ),
    "handlers stay": (
        """
        def get_db():
            db = SessionLocal()
            try:
                return db
            except ValueError:
                db.rollback()
                raise
            finally:
                db.close()
        """,
        """
        def get_db():
            db = SessionLocal()
            try:
                yield db
            except ValueError:
                db.rollback()
                raise
            finally:
                db.close()
        """,
    ),
    "something done first": (
        """
        def get_db():
            db = SessionLocal()
            db.execute(text("SELECT 1"))
            return db
        """,
        """
        def get_db():
            db = SessionLocal()
            db.execute(text("SELECT 1"))
            try:
                yield db
            finally:
                db.close()
        """,
    ),
    "returned from a with": (
        """
        def get_db():
            with SessionLocal() as db:
                return db
        """,
        """
        def get_db():
            with SessionLocal() as db:
                yield db
        """,
    ),
    "generator without finally": (
        """
        def get_db():
            db = SessionLocal()
            yield db
            db.close()
        """,
        """
        def get_db():
            with SessionLocal() as db:
                yield db
        """,
    ),
    "commit after the yield": (
        """
        def get_db():
            db = SessionLocal()
            yield db
            db.commit()
        """,
        """
        def get_db():
            with SessionLocal() as db:
                yield db
                db.commit()
        """,
    ),
    "rollback without close": (
        """
        def get_db():
            db = SessionLocal()
            try:
                # the request runs here
                yield db
                db.commit()
            except Exception:
                db.rollback()
                raise
        """,
        """
        def get_db():
            with SessionLocal() as db:
                try:
                    # the request runs here
                    yield db
                    db.commit()
                except Exception:
                    db.rollback()
                    raise
        """,
    ),
    "asynchronous": (
        """
        async def get_db():
            return Session(engine)
        """,
        """
        async def get_db():
            with Session(engine) as db:
                yield db
        """,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    before, after = SHAPES[name]
    migration = migrated(text_of(before))
    assert migration.after["app.py"].text == text_of(after)
    assert [f.treatment for f in migration.findings] == [Treatment.NATIVE]
    again = migrated(migration.after["app.py"].text)
    assert not again.changed and not again.findings


@pytest.mark.parametrize("name", SHAPES)
def test_no_connection_leaks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application answers as before, and no session stays open behind a request."""
    import sqlalchemy.orm

    opened: list[sqlalchemy.orm.Session] = []
    original = sqlalchemy.orm.Session.__init__

    def remember(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        opened.append(self)

    monkeypatch.setattr(sqlalchemy.orm.Session, "__init__", remember)
    for source, leaks in ((text_of(SHAPES[name][0]), None), (None, False)):
        text = source or migrated(text_of(SHAPES[name][0])).after["app.py"].text
        namespace: dict[str, Any] = {}
        exec(compile(text, "app.py", "exec"), namespace)
        opened.clear()
        assert TestClient(namespace["app"]).get("/").json() == 1
        if leaks is False:
            assert opened and not any(session.in_transaction() for session in opened)


SOUND = [
    """
    def get_db():
        db = SessionLocal()
        try:
            yield db
        finally:
            db.close()
    """,
    """
    def get_db():
        with SessionLocal() as db:
            yield db
    """,
    """
    def get_db():
        with SessionLocal.begin() as db:
            yield db
    """,
    """
    def get_db(request: Request):
        return request.state.db
    """,
    """
    def get_db():
        try:
            db = SessionLocal()
            yield db
        finally:
            db.close()
    """,
]


@pytest.mark.parametrize("source", SOUND)
def test_sound_shapes_stay(source: str) -> None:
    migration = migrated(text_of(source))
    assert not migration.changed
    assert not migration.findings


LEFT = {
    "called directly": (
        """
        def get_db():
            return SessionLocal()


        def job():
            with get_db() as db:
                db.execute(text("SELECT 1"))
        """,
        "it is also called directly",
    ),
    "shared by a thread": (
        """
        registry = scoped_session(SessionLocal)


        def get_db():
            return registry()
        """,
        "scoped_session",
    ),
    "several places": (
        """
        def get_db(readonly: bool = False):
            if readonly:
                return SessionLocal(autoflush=False)
            return SessionLocal()
        """,
        "several places",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    source, reason = LEFT[name]
    migration = migrated(text_of(source))
    assert not migration.changed
    [finding] = [f for f in migration.findings if f.code == "LL101"]
    assert finding.treatment is Treatment.LEFT
    assert reason in finding.reasons[0]


def test_annotation_and_import() -> None:
    source = text_of("def get_db() -> Session:\n    return SessionLocal()")
    text = migrated(source).after["app.py"].text
    assert "def get_db() -> Iterator[Session]:" in text
    assert "from collections.abc import Iterator\n" in text


def test_session_of_a_function() -> None:
    source = text_of(
        """
        def count(n: int):
            \"\"\"Counts.\"\"\"
            db = SessionLocal()
            db.execute(text("SELECT 1"))  # first
            message = f\"\"\"{n}
        text\"\"\"
            return {"n": 1}
        """,
        "",
    )
    after = migrated(source).after["app.py"].text
    assert after == text_of(
        """
        def count(n: int):
            \"\"\"Counts.\"\"\"
            with SessionLocal() as db:
                db.execute(text("SELECT 1"))  # first
                message = f\"\"\"{n}
        text\"\"\"
                return {"n": 1}
        """,
        "",
    )


ESCAPES = [
    "def f():\n    db = SessionLocal()\n    return db.get(User, 1)\n",
    "def f():\n    db = SessionLocal()\n    app.state.jobs.append(db)\n",
    "def f():\n    db = SessionLocal()\n    return lambda: db.execute(text('SELECT 1'))\n",
    "def f(request):\n    request.state.db = SessionLocal()\n",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_escaping_sessions_are_left(source: str) -> None:
    migration = migrated(HEAD + source)
    assert not migration.changed
    assert [f.treatment for f in migration.findings] == [Treatment.LEFT]


CLOSED = [
    "def f():\n    db = SessionLocal()\n    try:\n        g()\n    finally:\n        db.close()\n",
    "def f():\n    db = SessionLocal()\n    try:\n        g()\n    finally:\n        end(db)\n",
    "def f(connection):\n    db = Session(bind=connection)\n    db.execute(text('SELECT 1'))\n",
    "def f():\n    db = SessionLocal()\n    with db:\n        g()\n",
]


@pytest.mark.parametrize("source", CLOSED)
def test_closed_sessions_are_sound(source: str) -> None:
    assert not migrated(HEAD + source).findings
