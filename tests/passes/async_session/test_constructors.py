"""Constructors that wait: the object is made by a class method, or its class stays sync."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, flip, treatments

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

SERVICE = """
import abc
import enum
from dataclasses import dataclass
from typing import Annotated


class Service:
    def __init__(self, db: Session, number: int = 1):
        self.item = db.get(Item, number)


@app.get("/")
def read(db: Session = Depends(get_db)):
    return Service(db, number=2).item


"""


def test_a_class_method_makes_the_object() -> None:
    text = flip(SERVICE).after["app.py"].text
    assert (
        "class Service:\n"
        "    @classmethod\n"
        '    async def create(cls, *args: Any, **kwargs: Any) -> "Service":\n'
        "        self = cls.__new__(cls)\n"
        "        await self.prepare(*args, **kwargs)\n"
        "        return self\n"
        "\n"
        "    async def prepare(self, db: AsyncSession, number: int = 1):\n"
        "        self.item = await db.get(Item, number)\n"
    ) in text
    assert "    return (await Service.create(db, number=2)).item\n" in text


def test_the_classes_below_follow() -> None:
    below = """
class Below(Service):
    def __init__(self, db: Session):
        super().__init__(db, 3)
        self.kind = "below"


class Apart(Service):
    def __init__(self):
        self.item = None


@app.get("/below")
def lower(db: Session = Depends(get_db)):
    return Below(db).item or Apart().item
"""
    text = flip(SERVICE + below).after["app.py"].text
    assert text.count("async def create(") == 1
    assert "        await super().prepare(db, 3)\n" in text
    assert "    async def prepare(self):\n        self.item = None\n" in text
    assert "    return (await Below.create(db)).item or (await Apart.create()).item\n" in text
    assert "__init__" not in text


def test_the_class_above_that_does_not_wait_stays() -> None:
    text = (
        flip(
            SERVICE.replace(
                "class Service:\n    def __init__(self, db: Session, number: int = 1):\n",
                "class Above:\n    def __init__(self):\n        self.log = []\n\n\n"
                "class Service(Above):\n    def __init__(self, db: Session, number: int = 1):\n"
                "        super().__init__()\n",
            )
        )
        .after["app.py"]
        .text
    )
    assert "class Above:\n    def __init__(self):\n" in text
    assert "        super().__init__()\n        self.item = await db.get(" in text


def test_a_name_that_is_taken() -> None:
    taken = SERVICE.replace("class Service:\n", "class Service:\n    prepare = 1\n\n")
    text = flip(taken).after["app.py"].text
    assert "await Service.make(db, number=2)" in text
    assert "    async def set_up(self, db: AsyncSession" in text


STAYS = {
    "handed on": "made = [Service]\n",
    "another name": "Other = Service\n",
    "a dependency": '@app.get("/d")\ndef d(service: Service = Depends(Service)):\n    return 1\n',
    "a dependency by its type": (
        '@app.get("/d")\ndef d(service: Service = Depends()):\n    return 1\n'
    ),
    "annotated": ('@app.get("/d")\ndef d(service: Annotated[Service, Depends()]):\n    return 1\n'),
    "an attribute that is asked for": "class View:\n    service: Service = Depends()\n",
    "made in a lambda": "later = lambda db: Service(db)\n",
    "made at import": "first = Service(SessionLocal())\n",
    "made by its type": "def again(one: Service, db: Session):\n    return type(one)(db)\n",
    "made by its class": "def again(one: Service, db: Session):\n    return one.__class__(db)\n",
    "mixed in before": (
        "class Mixin:\n    def __init__(self, db):\n        super().__init__(db)\n\n\n"
        "class Mixed(Mixin, Service):\n    pass\n"
    ),
    "made anew": (
        "class Once(Service):\n    def __new__(cls, *args):\n        return object.__new__(cls)\n"
    ),
    "a metaclass": "class Abstract(Service, metaclass=abc.ABCMeta):\n    pass\n",
    "a decorator": "@dataclass\nclass Data(Service):\n    more: int = 1\n",
    "a base outside": "class Kind(Service, enum.Flag):\n    pass\n",
    "no name is free": (
        "class Full(Service):\n    create = make = set_up = 1\n    create_waiting = 2\n"
    ),
    "a generator expression": (
        "def each(db: Session):\n    return (Service(db, n).item for n in range(3))\n"
    ),
}


@pytest.mark.parametrize("name", STAYS)
def test_what_can_be_made_elsewhere_stays_sync(name: str) -> None:
    assert treatments(SERVICE)["Service.__init__"] == "native"
    found = flip(SERVICE + STAYS[name])
    assert treatments(SERVICE + STAYS[name])["Service.__init__"] != "native"
    assert "create(" not in found.after["app.py"].text.replace("create_async_engine(", "").replace(
        "create_engine(", ""
    )


@pytest.mark.parametrize("word", ['"app.Service"', 'app, "Service"'])
def test_a_class_that_a_test_replaces_stays_sync(word: str) -> None:
    test = f"import app\n\n\ndef test_it(monkeypatch):\n    monkeypatch.setattr({word}, print)\n"
    files = {"app.py": HEAD + SERVICE, "tests/test_app.py": test}
    code = CodeBase(
        root=Path("/nowhere"),
        files={path: SourceFile(path=path, text=text) for path, text in files.items()},
    )
    assert ".create(" not in migrate(code, [PASS], Options(jobs=1)).after["app.py"].text
