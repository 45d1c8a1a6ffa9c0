"""The count of database calls is one of its own; what became of them is measured against it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, OTHER, flip

from codemods.config import Options
from codemods.facts import Program
from codemods.facts.census import database_calls
from codemods.facts.migrations import is_migration
from codemods.passes.async_session import PASS
from codemods.passes.async_session.sessions.sites import CREATE, ENTER, INSPECT, Sites
from codemods.patches.story import Totals, shares
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

GOLDEN = Path(__file__).parents[3] / "golden"

#: Applications whose sessions live in several kinds of places; queries are 2.0 statements there.
APPLICATIONS = ("break_dispatch", "break_scopes", "clinic_desk", "mixed_colours", "sqlmodel_heroes")


def _code(folder: Path) -> CodeBase:
    files = {
        (name := path.relative_to(folder).as_posix()): SourceFile(path=name, text=path.read_text())
        for path in sorted(folder.rglob("*.py"))
    }
    return CodeBase(root=Path("/nowhere"), files=files)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_census_and_the_pass_see_the_same_calls(name: str) -> None:
    (folder,) = (f for f in GOLDEN.glob(f"{name}*") if (f / "before").is_dir())
    program = Program(_code(folder / "before"))
    counted = {call.node: call for call in database_calls(program)}
    sites = {s.node: s for s in Sites(program).all if not is_migration(s.module)}
    assert len(counted) > 10
    missed = [
        f"{site.module.path}:{site.line}"
        for node, site in sites.items()
        if site.kind not in (CREATE, ENTER, INSPECT)
        and site.method != "query"  # counted where the query runs
        and node not in counted
    ]
    assert not missed
    queried = {"query" for site in sites.values() if site.method == "query"}
    beyond = [
        f"{call.path}:{call.line}"
        for node, call in counted.items()
        if call.resolved and node not in sites and not queried
    ]
    assert not beyond


SNIPPET = """
import threading

lock = threading.Lock()


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return locked(db.scalars(select(Item)).all())


def locked(found):
    return found


def nightly():
    with lock, SessionLocal() as db:
        db.execute(select(Item))
        db.commit()


@app.get("/nightly")
def run():
    nightly()


def unknown(db):
    db.get(Item, 1)
    db.flush()
    db.keys()
"""
TEST = """
from app import Item, SessionLocal, select


def test_items():
    with SessionLocal() as db:
        assert db.scalars(select(Item)).all() == []
"""


def test_what_became_of_the_calls() -> None:
    files = {
        "app.py": SourceFile(path="app.py", text=HEAD + textwrap.dedent(SNIPPET)),
        "tests/test_app.py": SourceFile(path="tests/test_app.py", text=TEST),
    }
    code = CodeBase(root=Path("/nowhere"), files=files)
    own, tests = shares(migrate(code, [PASS], Options(jobs=1)))
    # The route's and the close of `get_db`; `nightly` has a thread; `unknown` counts as left.
    assert own == Totals(native=2, bridged=2, left=2)
    assert tests == Totals(native=1)


def test_tables_made_at_import_count_where_they_move() -> None:
    """``create_all`` of a module belongs to no function, and becomes native all the same."""
    moved = flip("Base.metadata.create_all(engine)\n" + OTHER)
    (run,) = moved.runs
    (tables,) = [d for d in run.outcome.decisions if "makes tables" in d.action]
    assert (tables.treatment, tables.sites) == ("native", 1)
    assert shares(moved)[0].left == 0
