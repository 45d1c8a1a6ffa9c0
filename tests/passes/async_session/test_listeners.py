"""What listens to events of an engine, a connection, a session or a factory that becomes async."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

APP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    with SessionLocal() as db:
        yield db


@app.post("/items")
def add(name: str, db: Session = Depends(get_db)):
    db.add(Item(name=name))
    db.commit()
    return db.scalars(select(Item.name).order_by(Item.id)).all()
"""
HTTP = """\
from app import Base, app, heard
from fastapi.testclient import TestClient
from sqlalchemy import create_engine


def test_items():
    engine = create_engine("sqlite:///items.db")
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with TestClient(app) as client:
        heard.clear()
        assert client.post("/items", params={"name": "one"}).json() == ["one"]
    assert heard == ["EVENT"]
"""
CONFTEST = """\
import pytest
from app import Base, app, get_db
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, event
from sqlalchemy.orm import sessionmaker


@pytest.fixture(scope="session")
def engine():
    engine = create_engine("sqlite:///test.db", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def do_connect(dbapi_connection, record):
        dbapi_connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def do_begin(conn):
        conn.exec_driver_sql("BEGIN")

    Base.metadata.drop_all(bind=engine)
    Base.metadata.create_all(bind=engine)
    yield engine


@pytest.fixture
def db_session(engine):
    connection = engine.connect()
    transaction = connection.begin()
    SESSION
    yield session
    session.close()
    transaction.rollback()
    connection.close()


@pytest.fixture
def client(db_session):
    app.dependency_overrides[get_db] = lambda: db_session
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()
"""
SUITE = """\
import pytest
from app import Item
from sqlalchemy import select


@pytest.mark.parametrize("word", ["one", "two"])
def test_items(client, word, db_session):
    assert client.post("/items", params={"name": word}).json() == [word]
    assert client.post("/items", params={"name": "more"}).json() == [word, "more"]
    assert len(db_session.scalars(select(Item)).all()) == 2
"""
SAVEPOINT = """\
    session = sessionmaker(bind=connection)()
    session.begin_nested()

    @event.listens_for(session, "after_transaction_end")
    def restart_savepoint(session, transaction):
        if transaction.nested and not transaction._parent.nested:
            session.expire_all()
            session.begin_nested()
"""
KEPT = """\
    nested = connection.begin_nested()
    session = sessionmaker(bind=connection)()

    @event.listens_for(session, "after_transaction_end")
    def restart_savepoint(sess, trans):
        nonlocal nested
        if not nested.is_active:
            nested = connection.begin_nested()
"""

LISTENER = """\

@event.listens_for(TARGET, "EVENT")
def listener(*given):
    heard.append("EVENT")


"""
MADE = """\
def make_engine():
    made = create_engine("sqlite:///items.db")
    event.listen(made, "commit", lambda connection: heard.append("commit"))
    return made


engine = make_engine()
"""
IN_A_ROUTE = """\
    @event.listens_for(db, "after_commit")
    def committed(session):
        heard.append("after_commit")

    db.add("""


def _app(*changes: tuple[str, str]) -> str:
    text = APP.replace("create_engine, select", "create_engine, event, select")
    for old, new in (("app = FastAPI()\n", "app = FastAPI()\nheard = []\n"), *changes):
        assert old in text
        text = text.replace(old, new)
    return text


def _listening(target: str, event: str) -> tuple[str, str]:
    text = LISTENER.replace("TARGET", target).replace("EVENT", event)
    return "\n\nclass Base(", f"{text}class Base("


@pytest.mark.parametrize(
    ("app", "event", "target"),
    [
        (_app(_listening("engine", "commit")), "commit", "engine.sync_engine"),
        (
            _app(('engine = create_engine("sqlite:///items.db")\n', MADE)),
            "commit",
            "made.sync_engine",
        ),
        (_app(_listening("SessionLocal", "after_commit")), "after_commit", "SyncSession"),
        (_app(_listening("Session", "after_commit")), "after_commit", "Session"),
        (_app(("    db.add(", IN_A_ROUTE)), "after_commit", "db.sync_session"),
    ],
    ids=["engine", "engine of a function", "factory", "class", "session"],
)
def test_events_of_the_application(app: str, event: str, target: str, tmp_path: Path) -> None:
    files = {"app.py": app, "test_app.py": HTTP.replace("EVENT", event)}
    assert passing(files, tmp_path / "before") == 1
    after = flipped(files)
    assert "async def add" in after["app.py"]
    assert f"({target}, " in after["app.py"]
    assert passing(after, tmp_path / "after") == 1


def test_a_factory_whose_sync_form_is_kept(tmp_path: Path) -> None:
    """Both have the same listeners."""
    job = """

def job():
    with SessionLocal() as db:
        db.add(Item(name="job"))
        db.commit()


threading.Timer(0.0, job)
"""
    app = "import threading\n\n" + _app(_listening("SessionLocal", "after_commit")) + job
    files = {"app.py": app, "test_app.py": HTTP.replace("EVENT", "after_commit")}
    assert passing(files, tmp_path / "before") == 1
    assert passing(flipped(files), tmp_path / "after") == 1


@pytest.mark.parametrize(
    ("session", "begins"),
    [
        (SAVEPOINT, "            session.begin_nested()"),
        (KEPT, "            nested = connection.sync_connection.begin_nested()"),
    ],
    ids=["of the session", "of the connection"],
)
def test_a_savepoint_that_begins_again(session: str, begins: str, tmp_path: Path) -> None:
    files = {
        "app.py": APP,
        "conftest.py": CONFTEST.replace("    SESSION\n", session),
        "test_app.py": SUITE,
    }
    assert passing(files, tmp_path / "before") == 2
    after = flipped(files)
    assert "event.listens_for(session.sync_session, " in after["conftest.py"]
    assert "event.listens_for(engine.sync_engine, " in after["conftest.py"]
    assert f"{begins}\n" in after["conftest.py"]
    assert passing(after, tmp_path / "after") == 2


def test_a_savepoint_that_the_fixture_ends(tmp_path: Path) -> None:
    """What the listener began is sync: the fixture couldn't await it."""
    conftest = CONFTEST.replace("    SESSION\n", KEPT)
    end = "    transaction.rollback()\n"
    conftest = conftest.replace(end, f"    nested.rollback()\n{end}")
    files = {"app.py": APP, "conftest.py": conftest, "test_app.py": SUITE}
    assert passing(files, tmp_path / "before") == 2
    after = flipped(files)
    assert "    def db_session(" not in after["conftest.py"]
    assert "async def db_session(" not in after["conftest.py"]
    assert passing(after, tmp_path / "after") == 2
