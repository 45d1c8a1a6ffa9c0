"""What the take-outs of ``golden.takeouts`` rest on."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    immediateload,
    mapped_column,
    relationship,
    selectinload,
)

from . import runner
from .changing import columns, install
from .databases import Tables
from .lazy import watch
from .loads import loads
from .takeouts import Bench, outlines

SOURCE = """
async def read(db):
    first = await db.get(A, 1, options=[selectinload(A.bs).joinedload(B.cs)], populate_existing=1)
    await db.refresh(first, ["bs", "c"])
    await db.refresh(first)
    return select(A).options(undefer(A.text), *options, contains_eager(A.bs))
"""


def test_each_load_is_taken_out_by_itself() -> None:
    found = [one.text for one in loads(ast.parse(SOURCE))]
    assert found == [
        "populate_existing: db.get",
        "selectinload(A.bs).joinedload(B.cs)",
        "refresh first: 'bs'",
        "refresh first: 'c'",
        "refresh first: all",
        "undefer(A.text)",
    ]
    left = []
    for index in range(len(found)):
        tree = ast.parse(SOURCE)
        list(loads(tree))[index].take_out()
        left.append(ast.unparse(tree))
    assert "populate_existing" not in left[0]
    assert "options=[selectinload(A.bs)]" in left[1]
    assert "['c']" in left[2] and "['bs']" in left[3]
    assert "refresh(first)" not in left[4]
    assert "options(*options, contains_eager(A.bs))" in left[5]
    assert len(set(left)) == len(found)


class Base(DeclarativeBase):
    """The models of this module."""


class Parent(Base):
    """Has children."""

    __tablename__ = "parents"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str | None]
    size: Mapped[int] = mapped_column(default=1)
    children: Mapped[list[Child]] = relationship(
        back_populates="parent", cascade="all, delete-orphan"
    )


class Child(Base):
    """Has a parent."""

    __tablename__ = "children"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("parents.id"))
    parent: Mapped[Parent] = relationship(back_populates="children")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    engine = create_engine(f"sqlite:///{tmp_path / 'data.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        db.add_all([Parent(name="a", children=[Child(), Child()]), Parent(name="b")])
        db.commit()
    yield str(tmp_path / "data.db")
    engine.dispose()


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """What ``watch`` notes, for sessions of this test alone."""
    found: list[None] = []
    kept: list[Any] = []
    monkeypatch.setattr(event, "listen", lambda *given: kept.append(given))
    watch(lambda: found.append(None))
    monkeypatch.undo()
    [(target, name, function)] = kept
    event.listen(target, name, function)
    yield found
    event.remove(target, name, function)


@pytest.mark.parametrize(
    ("options", "expected"),
    [((), 2), ((selectinload(Parent.children),), 0), ((immediateload(Parent.children),), 0)],
)
def test_what_a_reader_loads_is_hidden(
    database: str, hidden: list[None], options: tuple[Any, ...], expected: int
) -> None:
    with Session(create_engine(f"sqlite:///{database}")) as db:
        for parent in db.scalars(select(Parent).options(*options)).all():
            assert len(parent.children) == (2 if parent.name == "a" else 0)
    assert len(hidden) == expected


def test_what_a_deletion_loads_is_not_hidden(database: str, hidden: list[None]) -> None:
    with Session(create_engine(f"sqlite:///{database}")) as db:
        db.delete(db.scalars(select(Parent).where(Parent.name == "a")).one())
        db.commit()
        assert db.scalars(select(Child)).all() == []
    assert not hidden


def test_a_changing_database_shows_who_reads_again(database: str) -> None:
    tables: Tables = {"parents": ((), []), "children": ((), [])}
    found = columns(database, tables)
    assert found == ("parents.name", "parents.note", "parents.size")
    install(database, found)
    with Session(create_engine(f"sqlite:///{database}"), expire_on_commit=False) as db:
        parent = db.scalars(select(Parent).where(Parent.name == "b")).one()
        parent.note, parent.size = "new", 5
        db.commit()
        assert (parent.note, parent.size) == ("new", 5)
        db.refresh(parent)
        assert (parent.note, parent.size, parent.name) == ("new~", 1005, "b~")
        db.add(Parent(name="c", note="c"))
        db.commit()
    with sqlite3.connect(database) as connection:
        assert connection.execute("select note, size from parents where name = 'a'").fetchall() == [
            (None, 1)
        ]
        assert connection.execute(
            "select name, note, size from parents where id = 3"
        ).fetchall() == [("c", "c~", 1001)]
    connection.close()


@pytest.mark.parametrize("fault", [AssertionError, runner.UnfinishedError])
def test_a_run_that_was_cut_off_misses_nothing(
    fault: type[AssertionError], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(bench: Bench, folder: Path) -> runner.Run:
        raise fault

    monkeypatch.setattr(Bench, "_run", run)
    bench = Bench.__new__(Bench)
    if fault is AssertionError:
        assert bench._fails(tmp_path)
    else:
        with pytest.raises(runner.UnfinishedError):
            bench._fails(tmp_path)


@pytest.mark.parametrize(
    ("status", "body", "same"),
    [
        (200, '[{"name": "b~", "tags": ["y"]}]', True),
        (200, '[{"name": "a", "tags": []}]', False),
        (200, "[]", False),
        (404, '[{"name": "a", "tags": ["x"]}]', False),
    ],
)
def test_a_scenario_goes_its_way_with_other_values(status: int, body: str, same: bool) -> None:
    def run(status: int, body: str) -> runner.Run:
        answers = [{"status": status, "body": body}, {"status": 200, "body": "no JSON"}]
        return runner.Run({"exchanges": [answers]}, {})

    expected = outlines(run(200, '[{"name": "a", "tags": ["x"]}]'))
    assert (outlines(run(status, body)) == expected) is same
