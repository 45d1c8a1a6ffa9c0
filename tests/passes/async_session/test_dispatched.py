"""Sessions given to what chooses a function itself: ``singledispatch``, tasks of methods."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, OTHER, after, treatments
from passes.async_session.suites import flipped, passing

FIND = """
from functools import singledispatch


@singledispatch
def find(key, db: Session):
    raise TypeError(key)


@find.register
def _(key: int, db: Session):
    return db.get(Item, key).name


@find.register(str)
def by_name(key, db: Session):
    return db.scalars(select(Item.id).where(Item.name == key)).one()


@app.get("/found")
def found(db: Session = Depends(get_db)):
    return [find(1, db), find("one", db)]
"""
SERVICE = """
from fastapi import BackgroundTasks


class Service:
    def add(self, db: Session, name: str):
        db.add(Item(name=name))
        db.commit()


service = Service()


@app.post("/items")
def add(tasks: BackgroundTasks, db: Session = Depends(get_db)):
    tasks.add_task(service.add, db, "one")
"""
SUITE = """\
from app import Base, app, engine
from fastapi.testclient import TestClient


def test_items():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with TestClient(app) as client:
        assert client.post("/items").json() is None
        assert client.get("/found").json() == ["one", 1]
"""


def test_they_answer_alike(tmp_path: Path) -> None:
    files = {"app.py": HEAD + SERVICE + FIND, "test_app.py": SUITE}
    assert passing(files, tmp_path / "before") == 1
    assert passing(flipped(files), tmp_path / "after") == 1


def test_a_dispatching_function_is_called_in_run_sync() -> None:
    """What is registered has the colour of all that is registered: it stays sync."""
    assert "await db.run_sync(lambda session: find(1, session))" in after(FIND)
    found = treatments(FIND)
    assert found["_"] == found["by_name"] == "bridged"
    assert found["found"] == "native"


@pytest.mark.parametrize(
    "use", ["OTHERS = [find]", "for kind in (float,):\n    find.register(kind, OTHERS[kind])"]
)
def test_what_else_is_registered_is_not_known(use: str) -> None:
    assert treatments(FIND + "\n\n" + use + "\n")["found"] == "left"


def test_a_task_of_a_method_is_followed() -> None:
    """The session is the argument behind ``self``."""
    found = treatments(SERVICE + OTHER)
    assert found["Service.add"] == found["other"] == "native"
    assert "async def add(self, db: AsyncSession, name: str)" in after(SERVICE + OTHER)
