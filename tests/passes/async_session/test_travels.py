"""Functions, classes and objects that are kept in tables, lists and fields, and taken out again."""

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


class Items:
    def __init__(self, session: Session):
        self.session = session

    def add(self, name: str) -> Item:
        item = Item(name=name)
        self.session.add(item)
        self.session.commit()
        return item

    def names(self) -> list[str]:
        return list(self.session.scalars(select(Item.name).order_by(Item.id)))


def get_db():
    with SessionLocal() as db:
        yield db
"""
IMPORTERS = """\
from collections.abc import Callable

from database import Items
from pydantic import BaseModel


class Alias(BaseModel):
    key: str
    change: Callable | None = None


class Importer:
    aliases: list[Alias] = []

    def __init__(self, session, source: list[dict], prefix: str):
        self.session = session
        self.items = Items(session)
        self.source = source
        self.prefix = prefix
        self.before = len(self.items.names())

    def mark(self, name: str) -> str:
        return f"{name}{len(self.items.names())}"

    def run(self) -> int:
        for row in self.source:
            name = row["name"]
            for alias in self.aliases:
                if alias.change:
                    name = alias.change(name)
            self.items.add(self.prefix + name)
        self.session.rollback()
        return self.before


class Csv(Importer):
    def __init__(self, **given):
        super().__init__(**given)
        self.aliases = [Alias(key="name", change=str.strip), Alias(key="name", change=self.mark)]


class Upper(Importer):
    def __init__(self, **given):
        super().__init__(**given)
        self.aliases = [Alias(key="name", change=lambda name: name.upper()), Alias(key="none")]
"""
EXPORTERS = """\
from abc import ABC, abstractmethod
from collections.abc import Iterator

from database import Items
from sqlalchemy.orm import Session


class Exporter(ABC):
    def __init__(self, session: Session):
        self.session = session

    @abstractmethod
    def items(self) -> Iterator[str]: ...

    def export(self) -> list[str]:
        found = []
        for item in self.items():
            found.append(item)
        return found


class NameExporter(Exporter):
    def items(self) -> Iterator[str]:
        for name in Items(self.session).names():
            yield name


def merged(session: Session, payload: dict) -> dict:
    found = {key: value for part in payload.values() for key, value in part.items()}
    for exporter in [NameExporter(session)]:
        found["names"] = exporter.export()
    return found
"""
JOBS = """\
import asyncio
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from pathlib import Path

from database import Items, SessionLocal
from starlette.concurrency import run_in_threadpool


def once(*, wait: bool = False):
    def decorator(func):
        is_coroutine = asyncio.iscoroutinefunction(func)

        @wraps(func)
        async def wrapped() -> None:
            if is_coroutine:
                await func()
            else:
                await run_in_threadpool(func)

        return wrapped

    return decorator


class Registry:
    _daily: list[Callable] = []

    @staticmethod
    def _register(name: str, callbacks: list[Callable], callback: Iterable[Callable]):
        for cb in callback:
            print(name, cb.__name__)
            callbacks.append(cb)

    @staticmethod
    def register_daily(*callbacks: Callable):
        Registry._register("daily", Registry._daily, callbacks)


@lru_cache
def prefix() -> str:
    return Path(__file__).read_text()[:0] + "job"


def add_one():
    with SessionLocal() as session:
        Items(session).add(prefix() + "1")


def add_two():
    with SessionLocal() as session:
        Items(session).add(prefix() + "2")


def safely(callback):
    try:
        callback()
    except ValueError as error:
        print(callback.__name__, error)


@once(wait=False)
def run_daily():
    for job in Registry._daily:
        safely(job)
"""
APP = """\
from database import Items, Session, get_db
from exporters import merged
from fastapi import Depends, FastAPI
from importers import Csv, Importer, Upper
from jobs import Registry, add_one, add_two, run_daily

app = FastAPI()


@app.get("/items")
def listed(db: Session = Depends(get_db)):
    return Items(db).names()


@app.post("/import/{kind}")
def start(kind: str, db: Session = Depends(get_db)):
    args = {"session": db, "source": [{"name": " a "}, {"name": "b"}], "prefix": "-"}
    table: dict[str, type[Importer]] = {"csv": Csv, "upper": Upper}
    constructor = table.get(kind, None)
    if constructor is None:
        return None
    importer = constructor(**args)
    return importer.run()


@app.post("/export")
def export(payload: dict, db: Session = Depends(get_db)):
    return merged(db, payload)


@app.post("/daily")
async def daily():
    if not Registry._daily:
        Registry.register_daily(add_one, add_two)
    await run_daily()
"""
SUITE = """\
import pytest
from app import app
from fastapi.testclient import TestClient
from sqlalchemy import create_engine


@pytest.fixture
def client():
    from database import Base

    other = create_engine("sqlite:///items.db")
    Base.metadata.drop_all(other)
    Base.metadata.create_all(other)
    other.dispose()
    with TestClient(app) as client:
        yield client


def test_tables(client):
    assert client.post("/import/csv").json() == 0
    assert client.post("/import/upper").json() == 2
    assert client.post("/import/none").json() is None
    assert client.get("/items").json() == ["-a0", "-b1", "- A ", "-B"]


def test_jobs(client):
    assert client.post("/daily").status_code == 200
    assert client.post("/daily").status_code == 200
    assert client.get("/items").json() == ["job1", "job2", "job1", "job2"]


def test_exporters(client):
    client.post("/import/upper")
    found = client.post("/export", json={"part": {"a": 1}})
    assert found.json() == {"a": 1, "names": ["- A ", "-B"]}
"""
FILES = {
    "database.py": DATABASE,
    "importers.py": IMPORTERS,
    "exporters.py": EXPORTERS,
    "jobs.py": JOBS,
    "app.py": APP,
    "test_app.py": SUITE,
}


def test_what_is_kept_is_awaited_where_it_is_taken_out(tmp_path: Path) -> None:
    after = flipped(FILES)
    assert "await constructor.create(**args)" in after["app.py"]
    assert "await self.session.rollback()" in after["importers.py"]
    assert "if isawaitable(outcome := alias.change(name))" in after["importers.py"]
    assert "await callback()" in after["jobs.py"]
    assert "async def run_daily" in after["jobs.py"]
    assert "    def items(self) -> AsyncIterator[str]: ..." in after["exporters.py"]
    assert "async for item in self.items():" in after["exporters.py"]
    assert passing(FILES, tmp_path / "before") == 3
    assert passing(after, tmp_path / "after") == 3


@pytest.mark.parametrize(
    ("path", "old", "new", "stays"),
    [
        ("jobs.py", "callbacks.append(cb)", "setattr(callbacks, 'last', cb)", "def add_one"),
        ("jobs.py", "                await func()", "                func()", "def run_daily"),
        ("jobs.py", "is_coroutine = asyncio.", "is_coroutine = not asyncio.", "def run_daily"),
        ("app.py", "table.get(kind, None)", "getattr(table, 'get')(kind)", "def start"),
        ("app.py", '"upper": Upper}', '"upper": Upper, "list": list}', "def start"),
        ("exporters.py", "str]: ...", "str]:\n        return iter(())", "def export"),
    ],
    ids=[
        "lost",
        "not awaited",
        "the other way round",
        "by name",
        "not of the code",
        "no generator",
    ],
)
def test_what_is_lost_on_the_way_stays_sync(path: str, old: str, new: str, stays: str) -> None:
    changed = FILES[path].replace(old, new)
    assert changed != FILES[path]
    after = flipped({**FILES, path: changed})
    assert f"async {stays}" not in after[path]


BY_ASYNCIO = """\
import pytest
from database import Base, Items, SessionLocal, engine

pytest_plugins = ()


@pytest.fixture(scope="module")
def session():
    with SessionLocal() as db:
        yield db


@pytest.fixture
def items(session):
    items = Items(session)
    items.add("first")
    return items


@pytest.mark.asyncio
async def test_async():
    assert True


def test_first(items):
    assert items.names()[-1] == "first"


def test_second(items):
    assert len(items.names()) > 1
"""
BEFORE = """\
import asyncio

from sqlalchemy import create_engine
from database import Base

other = create_engine("sqlite:///items.db")
Base.metadata.create_all(other)
other.dispose()
"""


def test_fixtures_of_a_module_live_on_the_loop_of_its_tests(tmp_path: Path) -> None:
    files = {"database.py": DATABASE, "conftest.py": BEFORE, "test_items.py": BY_ASYNCIO}
    files["app.py"] = (
        "from database import Items, Session, get_db\nfrom fastapi import Depends, FastAPI\n\n"
        "app = FastAPI()\n\n\n@app.get('/')\ndef read(db: Session = Depends(get_db)):\n"
        "    return Items(db).names()\n"
    )
    after = flipped(files)
    assert '@pytest_asyncio.fixture(scope="module", loop_scope="session")' in after["test_items.py"]
    assert "@pytest.mark.asyncio\n" not in after["test_items.py"]
    assert passing(files, tmp_path / "before") == 3
    assert passing(after, tmp_path / "after") == 3


def test_a_connection_that_a_library_gets_stays_sync() -> None:
    revision = """\
from alembic.migration import MigrationContext
from database import engine


def revisions():
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_heads()
"""
    app = (
        "from database import Items, Session, get_db\nfrom fastapi import Depends, FastAPI\n"
        "from revisions import revisions\n\napp = FastAPI()\n\n\n@app.get('/')\n"
        "def read(db: Session = Depends(get_db)):\n    return [Items(db).names(), revisions()]\n"
    )
    after = flipped({"database.py": DATABASE, "revisions.py": revision, "app.py": app})
    assert "async def read" in after["app.py"]
    assert "\ndef revisions" in after["revisions.py"]
    assert "await run_in_threadpool(revisions)" in after["app.py"]


APART = """\
from database import Base, Item, Session, engine, get_db
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import func, select
from typing import Callable

Base.metadata.create_all(engine)
app = FastAPI()


def add(db):
    db.add(Item(name="new"))
    db.commit()
    return "added"


def count(db):
    return db.scalar(select(func.count()).select_from(Item))


KIND


def direct(handlers: Handlers, db):
    return handlers.count(db)


@app.post("/items")
def items(db: Session = Depends(get_db)):
    direct(Handlers(add=add, count=count), db)
    return Handlers(add=add, count=count).run(db)
"""
PLAIN = """\
class Handlers:
    def __init__(self, add, count):
        self.add = add
        self.count = count

    def run(self, db):
        return [TAKEN[name](db) for name in ("add", "count")]
"""
FIELDS = """\
class Handlers(BaseModel):
    add: Callable
    count: Callable

    def run(self, db):
        return [TAKEN[name](db) for name in ("add", "count")]
"""
APART_SUITE = """\
from app import app
from fastapi.testclient import TestClient


def test_items():
    with TestClient(app) as client:
        assert client.post("/items").json() == ["added", 1]
"""


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (PLAIN, "self.__dict__"),
        (PLAIN, "vars(self)"),
        (FIELDS, "self.model_dump()"),
        (PLAIN, "{name: getattr(self, name)}"),
    ],
    ids=["__dict__", "vars", "model_dump", "getattr"],
)
def test_what_is_taken_out_without_a_name_stays_sync(kind: str, taken: str, tmp_path: Path) -> None:
    text = APART.replace("KIND", kind.replace("TAKEN", taken).rstrip())
    files = {"database.py": DATABASE, "app.py": text, "test_app.py": APART_SUITE}
    after = flipped(files)
    assert "async def count" not in after["app.py"]
    assert passing(files, tmp_path / "before") == 1
    assert passing(after, tmp_path / "after") == 1


FLUENT = """\
from typing import Self

from database import Items, SessionLocal, get_db
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

app = FastAPI()


class Book:
    def __init__(self, db: Session):
        self.items = Items(db)

    def with_name(self, name: str) -> Self:
        self.items.add(name)
        return self

    def names(self) -> list[str]:
        return self.items.names()


@app.post("/items")
def items(db=Depends(get_db)):
    return Book(db).with_name("one").with_name("two").names()
"""
FLUENT_SUITE = """\
from app import app
from database import Base, engine
from fastapi.testclient import TestClient


def test_items():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with TestClient(app) as client:
        assert client.post("/items").json() == ["one", "two"]
"""


def test_methods_that_give_their_own_object(tmp_path: Path) -> None:
    files = {"database.py": DATABASE, "app.py": FLUENT, "test_app.py": FLUENT_SUITE}
    after = flipped(files)
    assert (
        'return await (await (await Book(db).with_name("one")).with_name("two")).names()'
        in after["app.py"]
    )
    assert passing(files, tmp_path / "before") == 1
    assert passing(after, tmp_path / "after") == 1
