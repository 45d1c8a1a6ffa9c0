"""Sessions that a container hands on, protocols without a base, functions that fixtures give."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

DATABASE = """\
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


Base.metadata.drop_all(engine)
Base.metadata.create_all(engine)


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


class Items:
    def __init__(self, db: Session) -> None:
        self.db = db

    def add(self, name: str) -> Item:
        item = Item(name=name)
        self.db.add(item)
        self.db.commit()
        return item

    def count(self) -> int:
        return len(self.db.scalars(select(Item)).all())
"""
SERVICE = """\
from typing import Protocol


class Counting(Protocol):
    def count(self) -> int: ...


class Other:
    def total(self) -> int:
        return 0


class Service:
    def __init__(self, items: Counting) -> None:
        self.items = items

    def describe(self) -> str:
        return f"{self.items.count()} items"
"""
BY_HAND = """\
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from database import Items, get_db
from service import Service

app = FastAPI()


def service(db: Session = Depends(get_db)) -> Service:
    return Service(Items(db))


@app.get("/")
def describe(service: Service = Depends(service)):
    return service.describe()


@app.post("/{name}")
def create(name: str, db: Session = Depends(get_db)):
    return Items(db).add(name).name
"""
INJECTED = """\
from collections.abc import Callable
from typing import TypeVar

from dependency_injector import containers, providers
from dependency_injector.providers import Provider
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from database import Items, get_db
from service import Service

T = TypeVar("T")


class Container(containers.DeclarativeContainer):
    db = providers.Dependency(instance_of=Session)
    items = providers.Factory(Items, db=db)
    service = providers.Factory(Service, items=items)


container = Container()
app = FastAPI()


def provide(provider: Provider[T]) -> Callable[[Session], T]:
    def dependency(db: Session = Depends(get_db)) -> T:
        container.db.override(db)
        try:
            return provider()
        finally:
            container.db.reset_override()

    return dependency


@app.get("/")
def describe(service: Service = Depends(provide(container.service))):
    return service.describe()


@app.post("/{name}")
def create(name: str, db: Session = Depends(get_db)):
    container.db.override(db)
    items = container.items()
    container.db.reset_override()
    return items.add(name).name
"""
SUITE = """\
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from app import app
from database import Item, Items, SessionLocal


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


@pytest.fixture
def make() -> Callable[[str], Item]:
    def _make(name: str) -> Item:
        with SessionLocal() as db:
            return Items(db).add(name)

    return _make


def test_all(client, make: Callable[[str], Item]):
    before = client.get("/").json()
    assert before.endswith(" items")
    assert make("a").name == "a"
    assert client.post("/b").json() == "b"
    assert int(client.get("/").json().split()[0]) == int(before.split()[0]) + 2
"""


@pytest.mark.parametrize("app", [BY_HAND, INJECTED], ids=["by hand", "injected"])
def test_what_is_handed_on_becomes_async(app: str, tmp_path: Path) -> None:
    before = {
        "database.py": DATABASE,
        "service.py": SERVICE,
        "app.py": app,
        "tests/test_app.py": SUITE,
    }
    after = flipped(before)
    assert "async def count(self) -> int: ..." in after["service.py"]
    assert "def total(self)" in after["service.py"]
    assert "async def total" not in after["service.py"]
    assert "await self.items.count()" in after["service.py"]
    assert "async def _make" in after["tests/test_app.py"]
    assert "await make(" in after["tests/test_app.py"]
    assert passing(before, tmp_path / "before") == 1
    assert passing(after, tmp_path / "after") == 1


OWN_SESSIONS = """\
from collections.abc import Callable

from dependency_injector import containers, providers
from dependency_injector.wiring import Provide, inject
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from database import Item, Items, SessionLocal, engine, get_db


class Counter:
    def __init__(self, factory: Callable[[], Session]) -> None:
        self.factory = factory

    def count(self) -> int:
        with self.factory() as session:
            return Items(session).count()


class Container(containers.DeclarativeContainer):
{container}

app = FastAPI()


@app.get("/")
@inject
def describe(counter=Depends(Provide[Container.counter])):
    return f"{{counter.count()}} items"


@app.post("/{{name}}")
def create(name: str, db: Session = Depends(get_db)):
    db.add(Item(name=name))
    db.commit()
    return name


container = Container()
container.wire(modules=[__name__])
"""
CONTAINERS = {
    "a session": """
    session = providers.Factory(SessionLocal)
    counter = providers.Factory(Items, db=session)
""",
    "a factory": """
    session = providers.Factory(SessionLocal)
    counter = providers.Factory(Counter, factory=session.provider)
""",
    "a factory that it makes": """
    factory = providers.Singleton(sessionmaker, bind=providers.Object(engine))
    counter = providers.Factory(Counter, factory=factory)
""",
    "an engine that it makes": """
    own = providers.Singleton(create_engine, "sqlite:///items.db")
    factory = providers.Singleton(sessionmaker, bind=own)
    counter = providers.Factory(Counter, factory=factory)
""",
}
ASKED = """\
from fastapi.testclient import TestClient

from app import app


def test_all():
    with TestClient(app) as client:
        assert client.get("/").json() == "0 items"
        assert client.post("/b").json() == "b"
        assert client.get("/").json() == "1 items"
"""


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_a_provider_makes_by_itself_stays_sync(name: str, tmp_path: Path) -> None:
    app = OWN_SESSIONS.format(container=CONTAINERS[name])
    before = {"database.py": DATABASE, "app.py": app, "tests/test_app.py": ASKED}
    after = flipped(before)
    assert "AsyncSession = Depends(get_db)" in after["app.py"]
    assert "async_sessionmaker" not in after["app.py"]
    assert passing(before, tmp_path / "before") == 1
    assert passing(after, tmp_path / "after") == 1


def test_a_protocol_with_other_parameters_is_another_one() -> None:
    service = SERVICE.replace("def count(self)", "def count(self, kind: str)")
    service = service.replace("self.items.count()", 'self.items.count("a")')
    files = {"database.py": DATABASE, "service.py": service, "app.py": BY_HAND}
    assert "async" not in flipped(files)["service.py"]


LAZY = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
_engine = None
_factory = None


def connect():
    global _engine, _factory
    if _engine is None:
        _engine = create_engine("sqlite:///lazy.db")
        _factory = sessionmaker(bind=_engine)
    return _factory


def disconnect():
    global _engine, _factory
    if _engine is not None:
        _engine.dispose()
    _engine = _factory = None


def get_db():
    db = connect()()
    try:
        yield db
    finally:
        db.close()


@app.get("/")
def read(db: Session = Depends(get_db)):
    return db.scalar(text("select 1"))


@app.on_event("shutdown")
def stop():
    disconnect()
"""


def test_an_engine_of_a_global_name(tmp_path: Path) -> None:
    suite = """\
from fastapi.testclient import TestClient

import app


def test_lazy():
    with TestClient(app.app) as client:
        assert client.get("/").json() == 1
    assert app._engine is None
"""
    before = {"app.py": LAZY, "tests/test_lazy.py": suite}
    after = flipped(before)
    assert "await _engine.dispose()" in after["app.py"]
    assert passing(after, tmp_path) == passing(before, tmp_path) == 1


def test_a_global_name_has_one_colour() -> None:
    stuck = LAZY.replace(
        "def get_db",
        "@unknown\ndef listing():\n    with connect()() as db:\n"
        '        return db.scalar(text("select 1"))\n\n\ndef get_db',
    )
    assert "async" not in flipped({"app.py": stuck})["app.py"]
