"""The engines of an application are disposed of when it ends."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from passes.async_session.suites import flipped

MODELS = """\
import os
from functools import lru_cache

from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.pool import StaticPool

FILE = os.environ.get("ITEMS_FILE", "items.db")


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)


"""
ENGINE = 'engine = create_engine(f"sqlite:///{FILE}")\n'
USE = """\

SessionLocal = sessionmaker(bind=engine)


def get_db():
    with SessionLocal() as db:
        yield db
"""
CACHED = """\
@lru_cache
def get_engine():
    return create_engine(f"sqlite:///{FILE}")


def get_db():
    with Session(get_engine()) as db:
        yield db
"""
APPLICATION = """\
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

import stored
from stored import Base, Item, get_db

{start}


@app.post("/items")
def add(db: Session = Depends(get_db)):
    db.add(Item())
    db.commit()
    return len(db.scalars(select(Item)).all())
"""
TABLES = "from stored import engine\n\nBase.metadata.create_all(bind=engine)\n"
LIFESPAN = """\
@asynccontextmanager
async def lifespan(app):
    with stored.engine.begin() as connection:
        Base.metadata.create_all(connection)
    yield
    ended.append("ended")


ended = []
app = FastAPI(lifespan=lifespan)
"""
EVENTS = """\
app = FastAPI()


@app.on_event("startup")
def tables():
    Base.metadata.create_all(bind=stored.engine)
"""
CACHED_EVENTS = EVENTS.replace("stored.engine", "stored.get_engine()")
CASES = {
    "a lifespan that is made": (ENGINE + USE, TABLES + "app = FastAPI()\n"),
    "the lifespan that is there": (ENGINE + USE, LIFESPAN),
    "events": (ENGINE + USE, EVENTS),
    "an engine that a function makes once": (CACHED, CACHED_EVENTS),
}
KEPT = {
    "a database in memory": (ENGINE.replace('f"sqlite:///{FILE}"', '"sqlite://"') + USE, EVENTS),
    "one connection": (ENGINE.replace(")", ", poolclass=StaticPool)") + USE, EVENTS),
}


@pytest.mark.parametrize(("engine", "start"), CASES.values(), ids=CASES)
def test_no_connection_is_left(
    engine: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"stored.py": MODELS + engine, "served.py": APPLICATION.replace("{start}", start)}
    after = flipped(files)
    assert after["served.py"].count(".dispose()") == 1
    for path, text in after.items():
        (tmp_path / path).write_text(text)
    monkeypatch.setenv("ITEMS_FILE", str(tmp_path / "items.db"))
    monkeypatch.syspath_prepend(tmp_path)
    for path in after:  # modules of these names that other tests have imported
        monkeypatch.delitem(sys.modules, path.removesuffix(".py"), raising=False)
    try:
        served = importlib.import_module("served")
        stored = sys.modules["stored"]
        used = stored.engine if hasattr(stored, "engine") else stored.get_engine()
        for number in (1, 2):  # an application may be started again
            with TestClient(served.app) as client:
                assert client.post("/items").json() == number
                assert used.pool.checkedin() == 1
            assert used.pool.checkedin() == 0
    finally:
        for path in after:
            sys.modules.pop(path.removesuffix(".py"), None)


def test_engines_of_the_same_name_are_all_disposed_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = (
        "from sqlalchemy import create_engine, text\nfrom sqlalchemy.orm import sessionmaker\n\n"
        'FILE = "{0}"\nengine = create_engine(f"sqlite:///{{FILE}}")\n'
        "SessionLocal = sessionmaker(bind=engine)\n\n\n"
        "def {1}():\n    with SessionLocal() as db:\n        db.execute(text('select 1'))\n"
    )
    start = "from filled import fill\nfrom audited import audit\n\n\n" + LIFESPAN.replace(
        "    yield\n", "    fill()\n    audit()\n    yield\n"
    )
    files = {
        "stored.py": MODELS + ENGINE + USE,
        "filled.py": second.format(tmp_path / "filled.db", "fill"),
        "audited.py": second.format(tmp_path / "audited.db", "audit"),
        "served.py": APPLICATION.replace("{start}", start),
    }
    after = flipped(files)
    for path, text in after.items():
        (tmp_path / path).write_text(text)
    monkeypatch.setenv("ITEMS_FILE", str(tmp_path / "items.db"))
    monkeypatch.syspath_prepend(tmp_path)
    names = [path.removesuffix(".py") for path in after]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    try:
        served = importlib.import_module("served")
        engines = [sys.modules[name].engine for name in ("stored", "filled", "audited")]
        with TestClient(served.app) as client:
            assert client.post("/items").json() == 1
            assert [engine.pool.checkedin() for engine in engines] == [1, 1, 1]
        assert [engine.pool.checkedin() for engine in engines] == [0, 0, 0]
    finally:
        for name in names:
            sys.modules.pop(name, None)


@pytest.mark.parametrize(("engine", "start"), KEPT.values(), ids=KEPT)
def test_a_database_in_memory_is_kept(engine: str, start: str) -> None:
    files = {"stored.py": MODELS + engine, "served.py": APPLICATION.replace("{start}", start)}
    after = flipped(files)
    assert "create_async_engine" in after["stored.py"]
    assert "dispose" not in after["served.py"]


def test_tests_may_ask_for_a_database_in_memory() -> None:
    engine, start = CASES["events"]
    files = {"stored.py": MODELS + engine, "served.py": APPLICATION.replace("{start}", start)}
    told = 'import os\n\nos.environ["ITEMS_URL"] = "sqlite://"\n'
    own = 'from sqlalchemy import create_engine\n\nengine = create_engine("sqlite://")\n'
    assert "dispose" not in flipped({**files, "tests/conftest.py": told})["served.py"]
    assert "dispose" not in flipped({**files, ".env.test": "ITEMS_URL=sqlite://\n"})["served.py"]
    assert "dispose" in flipped({**files, "tests/conftest.py": own})["served.py"]


def test_an_application_that_disposes_itself() -> None:
    engine, start = CASES["events"]
    own = start + '\n\n@app.on_event("shutdown")\ndef end():\n    stored.engine.dispose()\n'
    files = {"stored.py": MODELS + engine, "served.py": APPLICATION.replace("{start}", own)}
    assert flipped(files)["served.py"].count("dispose") == 1
