"""Ways to make an engine, its URL and its tables: each application runs before and after."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from passes.async_session.suites import flipped, passing

APPLICATION = """\
import os
from functools import partial

from fastapi import Depends, FastAPI
from sqlalchemy import URL, create_engine, engine_from_config, make_url, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.pool import NullPool, QueuePool

FILE = os.environ["ITEMS_FILE"]


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)


{engine}

app = FastAPI()


def get_db():
    db = {session}
    try:
        yield db
    finally:
        db.close()


@app.post("/items")
def add(db: Session = Depends(get_db)):
    db.add(Item())
    db.commit()
    return len(db.scalars(select(Item)).all())
"""
FACTORY = "SessionLocal = sessionmaker(bind=engine)\n"
CREATE = "Base.metadata.create_all(bind=engine)\n"
PLAIN = 'engine = create_engine(f"sqlite:///{FILE}")\n'
OPEN = "SessionLocal()"
CLASS = """\
class Database:
    _engine = None
    _factory = None

    @classmethod
    def init(cls, url: str) -> None:
        cls._engine = create_engine(url)
        cls._factory = sessionmaker(bind=cls._engine)

    @classmethod
    def engine(cls):
        return cls._engine

    @classmethod
    def session(cls) -> Session:
        return cls._factory()


Database.init(f"sqlite:///{FILE}")
Base.metadata.create_all(bind=Database.engine())
"""
DECIDED = """\
if os.environ.get("RESET_ITEMS"):
    Base.metadata.drop_all(bind=engine)
else:
    # A comment that stays.
    Base.metadata.create_all(
        bind=engine,
    )
"""
MANY = """\
URLS = {"items": f"sqlite:///{FILE}", "archive": f"sqlite:///{FILE}.archive"}
engines = {name: create_engine(url) for name, url in URLS.items()}
factories = {name: sessionmaker(bind=engine) for name, engine in engines.items()}
for each in engines.values():
    Base.metadata.create_all(bind=each)
"""
CASES = {
    "a driver that is put in": (
        'engine = create_engine("{}+{}:///{}".format("sqlite", "pysqlite", FILE))\n',
        FACTORY + CREATE,
        OPEN,
    ),
    "URL.create": (
        'engine = create_engine(URL.create("sqlite", database=FILE))\n',
        FACTORY + CREATE,
        OPEN,
    ),
    "make_url and set": (
        'engine = create_engine(make_url("sqlite://").set(database=FILE))\n',
        FACTORY + CREATE,
        OPEN,
    ),
    "a configuration": (
        'config = {"db.url": f"sqlite:///{FILE}", "db.echo": "false"}\n'
        'engine = engine_from_config(config, prefix="db.")\n',
        FACTORY + CREATE,
        OPEN,
    ),
    "a pool that is decided on": (
        PLAIN.replace(")", ", poolclass=NullPool if FILE.endswith('.x') else QueuePool)"),
        FACTORY + CREATE,
        OPEN,
    ),
    "a pool among options": (
        'options = {"poolclass": QueuePool, "pool_size": 2}\n' + PLAIN.replace(")", ", **options)"),
        FACTORY + CREATE,
        OPEN,
    ),
    "a partial session": (PLAIN, "SessionLocal = partial(Session, engine)\n" + CREATE, OPEN),
    "a class of class methods": (CLASS, "", "Database.session()"),
    "a decision about tables": (PLAIN, FACTORY + DECIDED, OPEN),
    "tables in a loop": (MANY, "", 'factories["items"]()'),
}
#: Engines that no name of a module holds: a sync one can't be kept beside them by name.
TABLE = 'ENGINES = {"main": create_engine(f"sqlite:///{FILE}")}\n'
ATTRIBUTES = """\
class Database:
    engine = create_engine(f"sqlite:///{FILE}")
    factory = sessionmaker(bind=engine)


"""
OBJECT = """\
class Database:
    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = None
        self._factory = None

    def connect(self) -> None:
        self._engine = create_engine(self._url)
        self._factory = sessionmaker(bind=self._engine)

    def create_tables(self) -> None:
        Base.metadata.create_all(self._engine)

    def session(self) -> Session:
        return self._factory()


database = Database(f"sqlite:///{FILE}")


"""
CACHED = """\
from functools import lru_cache


@lru_cache
def get_engine():
    return create_engine(f"sqlite:///{FILE}")


@lru_cache
def get_factory():
    return sessionmaker(bind=get_engine())


"""
SEEDED = """\
with Session(Database.engine) as seeding:
    assert not seeding.scalars(select(Item)).all()
"""
CONNECTED = """\
with Database.engine.begin() as connection:
    Base.metadata.create_all(connection)
"""
STATE = "app.state.engine = create_engine(f'sqlite:///{FILE}')"
UNNAMED = {
    "a table": (TABLE, "Base.metadata.create_all(ENGINES['main'])", "Session(ENGINES['main'])"),
    "a factory of a table's engine": (
        TABLE + 'SessionLocal = sessionmaker(bind=ENGINES["main"])\n',
        'Base.metadata.create_all(bind=ENGINES["main"])',
        OPEN,
    ),
    "an attribute that something unknown reads": (
        ATTRIBUTES + "def url_of(database):\n    return database.engine.url\n\n\n",
        "Base.metadata.create_all(Database.engine)",
        "Database.factory()",
    ),
    "an attribute that a subclass has as well": (
        ATTRIBUTES + "class Other(Database):\n    engine = None\n\n\n",
        "Base.metadata.create_all(Database.engine)",
        "Database.factory()",
    ),
    "an attribute that is set from outside": (
        OBJECT + 'database._engine = create_engine("sqlite://")\n',
        "database.connect()\n    database.create_tables()",
        "database.session()",
    ),
    "cached functions": (CACHED, "Base.metadata.create_all(get_engine())", "get_factory()()"),
    "the application's state": (
        "",
        STATE + "\n    Base.metadata.create_all(app.state.engine)",
        "Session(app.state.engine)",
    ),
}
#: Attributes that are kept in both colours, with what keeps a sync one in use.
HELD = {
    "a class": (ATTRIBUTES, "Base.metadata.create_all(Database.engine)", "Database.factory()"),
    "an object": (
        OBJECT,
        "database.connect()\n    database.create_tables()",
        "database.session()",
    ),
    "two objects": (
        OBJECT + 'archive = Database(f"sqlite:///{FILE}.archive")\narchive.connect()\n',
        "database.connect()\n    database.create_tables()\n    archive.create_tables()",
        "database.session()",
    ),
    "an object that does it all when it is made": (
        """\
class Database:
    def __init__(self, url: str) -> None:
        self.engine: Engine = create_engine(url)
        Base.metadata.create_all(self.engine)
        self.factory = sessionmaker(bind=self.engine)
        with self.factory.begin() as session:
            session.execute(select(Item))


database = Database(f"sqlite:///{FILE}")


""",
        "pass",
        "database.factory()",
    ),
    "a name, and rows at import": (
        PLAIN + FACTORY + CREATE + SEEDED.replace("Database.engine", "engine"),
        "pass",
        OPEN,
    ),
    "a connection at import": (ATTRIBUTES + CONNECTED, "pass", "Database.factory()"),
    "a session at import": (
        ATTRIBUTES + "Base.metadata.create_all(Database.engine)\n" + SEEDED,
        "pass",
        "Database.factory()",
    ),
}
#: What a session says of its engine, and what is done with that.
BINDS = {
    "tables": "Base.metadata.create_all(bind=db.get_bind())",
    "tables, by the attribute": "Base.metadata.create_all(db.bind)",
    "tables, on the connection": "Base.metadata.create_all(db.connection())",
    "a connection": "with db.get_bind().connect() as c:\n        assert c.scalar(select(1)) == 1",
    "a name": "bind = db.get_bind()\n    with bind.connect() as c:\n        c.scalar(select(1))",
    "an inspector": "assert inspect(db.get_bind()).has_table('items')",
    "a session of its own": "with Session(db.get_bind()) as own:\n        own.get(Item, 1)",
    "a dialect": "assert db.get_bind().dialect.name == 'sqlite'",
    "a value": "done = Base.metadata.create_all(engine)\n    assert done is None",
    "a condition": "Base.metadata.create_all(engine) if FILE else None",
}


def _answers(files: dict[str, str], folder: Path, patch: pytest.MonkeyPatch) -> list[int]:
    """What an application answers that is imported from ``folder``."""
    folder.mkdir()
    for path, text in files.items():
        (folder / path).write_text(text)
    with patch.context() as patched:
        patched.setenv("ITEMS_FILE", str(folder / "items.db"))
        patched.syspath_prepend(folder)
        try:
            module = importlib.import_module("formed")
            with TestClient(module.app) as client:
                return [client.post("/items").json() for _ in range(2)]
        finally:
            for path in files:
                sys.modules.pop(path.removesuffix(".py"), None)


@pytest.mark.parametrize(("engine", "more", "session"), CASES.values(), ids=CASES)
def test_runs_as_before(
    engine: str, more: str, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = APPLICATION.replace("{engine}", engine + more).replace("{session}", session)
    before = {"formed.py": text}
    after = flipped(before)
    assert "await db.commit()" in after["formed.py"]
    assert _answers(before, tmp_path / "before", monkeypatch) == [1, 2]
    assert _answers(after, tmp_path / "after", monkeypatch) == [1, 2]


@pytest.mark.parametrize(("engine", "start", "session"), UNNAMED.values(), ids=UNNAMED)
def test_what_stays_sync_keeps_an_engine_without_a_name_sync(
    engine: str, start: str, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = f"def make():\n    app = FastAPI()\n    {start}\n    return app\n\n\napp = make()\n"
    text = APPLICATION.replace("app = FastAPI()\n", made)
    before = {"formed.py": text.replace("{engine}", engine).replace("{session}", session)}
    after = flipped(before)
    assert after == before
    assert _answers(after, tmp_path / "after", monkeypatch) == [1, 2]


@pytest.mark.parametrize(("engine", "start", "session"), HELD.values(), ids=HELD)
def test_what_stays_sync_keeps_a_sync_engine_beside(
    engine: str, start: str, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = f"def make():\n    app = FastAPI()\n    {start}\n    return app\n\n\napp = make()\n"
    text = APPLICATION.replace(
        "app = FastAPI()\n", "app = FastAPI()\n" if start == "pass" else made
    )
    text = text.replace("import URL", "import URL, Engine")
    before = {"formed.py": text.replace("{engine}", engine).replace("{session}", session)}
    after = flipped(before)
    assert "await db.commit()" in after["formed.py"]
    assert "sync_engine = create_engine(" in after["formed.py"]
    assert _answers(before, tmp_path / "before", monkeypatch) == [1, 2]
    assert _answers(after, tmp_path / "after", monkeypatch) == [1, 2]


def test_engines_of_objects_are_disposed_of() -> None:
    engine = OBJECT + "database.connect()\ndatabase.create_tables()\n"
    text = APPLICATION.replace("{engine}", engine).replace("{session}", "database.session()")
    after = flipped({"formed.py": text})["formed.py"]
    end = after.partition("    yield\n")[2].splitlines()[:2]
    assert end == [
        "    if database._engine is not None:",
        "        await database._engine.dispose()",
    ]


@pytest.mark.parametrize("asked", BINDS.values(), ids=BINDS)
def test_the_engine_of_a_session(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = APPLICATION.replace("{engine}", PLAIN + FACTORY + CREATE).replace("{session}", OPEN)
    text = text.replace("    db.add(Item())\n", f"    {asked}\n    db.add(Item())\n")
    before = {"formed.py": text.replace("make_url, select", "inspect, make_url, select")}
    after = flipped(before)
    assert "await db.commit()" in after["formed.py"]
    assert _answers(before, tmp_path / "before", monkeypatch) == [1, 2]
    assert _answers(after, tmp_path / "after", monkeypatch) == [1, 2]


def test_a_url_among_options_keeps_the_engine_sync() -> None:
    engine = 'options = {"url": f"sqlite:///{FILE}"}\nengine = create_engine(**options)\n'
    text = APPLICATION.replace("{engine}", engine + FACTORY + CREATE).replace("{session}", OPEN)
    assert flipped({"formed.py": text})["formed.py"] == text


def test_tables_of_a_condition_that_others_read_stay_where_they_are() -> None:
    told = (
        PLAIN
        + FACTORY
        + "try:\n    "
        + CREATE
        + "    ready = True\nexcept OSError:\n    ready = False\n"
    )
    told += "print(ready)\n"
    text = APPLICATION.replace("{engine}", told).replace("{session}", OPEN)
    after = flipped({"formed.py": text})["formed.py"]
    assert "\n    Base.metadata.create_all(bind=sync_engine)\n    ready = True\n" in after


def test_a_path_operation_within_a_factory_keeps_its_async_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, _, rest = APPLICATION.partition("app = FastAPI()\n")
    provider, _, route = rest.partition('@app.post("/items")')
    factory = "def create_app():\n    app = FastAPI()\n    " + CREATE + "\n"
    body = "\n".join(f"    {line}" for line in ('@app.post("/items")' + route).splitlines())
    text = head + provider + factory + body + "\n    return app\n\n\napp = create_app()\n"
    before = {"formed.py": text.replace("{engine}", PLAIN + FACTORY).replace("{session}", OPEN)}
    after = flipped(before)
    assert "    Base.metadata.create_all(bind=sync_engine)" in after["formed.py"]
    assert "async def add(db: AsyncSession = Depends(get_db))" in after["formed.py"]
    assert _answers(before, tmp_path / "before", monkeypatch) == [1, 2]
    assert _answers(after, tmp_path / "after", monkeypatch) == [1, 2]


ASKING = """\
from fastapi.testclient import TestClient
from formed import app

client = TestClient(app)


def test_items():
    assert client.post("/items").json() == 1
"""


@pytest.mark.parametrize(
    ("suite", "moves"),
    [
        (ASKING, False),
        (ASKING.replace("json() == 1", "json() == 1\n\n\nwith client:\n    pass"), True),
    ],
    ids=["not entered", "entered"],
)
def test_tables_that_tests_find_without_a_lifespan_stay_at_import(
    suite: str, moves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = APPLICATION.replace("{engine}", PLAIN + FACTORY + CREATE).replace("{session}", OPEN)
    text = text.replace('os.environ["ITEMS_FILE"]', '"items.db"')
    files = {"formed.py": text, "test_formed.py": suite}
    after = flipped(files)
    assert ("run_sync(Base.metadata.create_all)" in after["formed.py"]) is moves
    if not moves:
        assert passing(files, tmp_path / "before") == 1
        assert passing(after, tmp_path / "after") == 1
