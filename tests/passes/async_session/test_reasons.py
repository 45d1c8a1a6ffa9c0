"""The chain of reasons of a decision ends with what has none behind it, the same in every run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from passes.async_session.decided import flip

#: ``rows`` can't wait; ``Items`` and ``second`` stay sync for one another's sake only.
SHARED = """
class Items:
    def __init__(self, db: Session):
        self.db = db

    def rows(self):
        read = self.db.scalars
        yield from read(select(Item))

    def one(self):
        return self.db.get(Item, 1)

    def both(self):
        return [*self.rows(), self.one()]

    def more(self):
        return [self.one(), self.both()]


def given(db: Session = Depends(get_db)):
    return Items(db)


@app.get("/first")
def first(items: Items = Depends(given)):
    return items.more()


@app.get("/second")
def second(items: Items = Depends(given)):
    return items.one()
"""

#: ``load`` is called by two names in one function.
TWO_NAMES = """
def load(db: Session):
    return db.get(Item, 1)


def go(loader, db: Session):
    first = loader(db)
    return first or load(db)


@app.get("/")
def read(db: Session = Depends(get_db)):
    return go(load, db)
"""

_PLAN = """
import json, sys
from passes.async_session.decided import flip
(run,) = flip(sys.stdin.read()).runs
print(json.dumps([[d.symbol, d.treatment, d.action, d.reasons] for d in run.outcome.decisions]))
"""


def test_each_chain_ends_with_a_root_cause() -> None:
    (run,) = flip(SHARED).runs
    left = {d.symbol: d.reasons for d in run.outcome.decisions if d.treatment == "left"}
    assert left.keys() >= {"Items.one", "Items.both", "Items.more", "first", "second"}
    for symbol, reasons in left.items():
        assert "uses `self.db.scalars` as a value" in reasons[-1], (symbol, reasons)


@pytest.mark.parametrize("snippet", [SHARED, TWO_NAMES], ids=["shared", "two names"])
def test_reasons_do_not_depend_on_the_order_of_hashes(snippet: str) -> None:
    assert _planned(snippet, seed="1") == _planned(snippet, seed="4")


def _planned(snippet: str, seed: str) -> list[list[object]]:
    path = os.pathsep.join(str(Path(__file__).parents[n]) for n in (2, 3))
    run = subprocess.run(
        [sys.executable, "-c", _PLAN],
        input=snippet,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: list[list[object]] = json.loads(run.stdout)
    return found
