"""Functions that are looked up by a name made at run time stay what they are."""

from __future__ import annotations

import pytest
from passes.async_session.decided import treatments

FINDERS = """
        def find_first(db):
            return db.get(Item, 1)

        def find_last(db):
            return db.get(Item, 2)

        def total(db):
            return len(db.scalars(select(Item)).all())

        class Finders:
            def find_first(self, db):
                return db.get(Item, 1)

        finders = Finders()
"""
ROUTE = """
        @app.get("/{{kind}}")
        def read(kind: str, db: Session = Depends(get_db)):
            find_first(db), find_last(db), total(db), finders.find_first(db)
            found = {lookup}
            return found(db)
"""


def _treated(lookup: str) -> set[str]:
    snippet = FINDERS + ROUTE.format(lookup=lookup)
    head = "import sys\n"
    from passes.async_session.decided import HEAD, flip

    (run,) = flip(snippet, head + HEAD).runs
    return {
        decision.symbol
        for decision in run.outcome.decisions
        if any("looked up by name" in reason for reason in decision.reasons[:1])
    }


@pytest.mark.parametrize(
    ("lookup", "expected"),
    [
        ('globals()[f"find_{kind}"]', {"find_first", "find_last"}),
        ('globals().get("find_" + kind)', {"find_first", "find_last"}),
        ('globals()["total"]', {"total"}),
        ("globals()[kind]", {"find_first", "find_last", "total", "get_db"}),
        ('getattr(finders, f"find_{kind}")', {"Finders.find_first"}),
        ('getattr(sys.modules[__name__], "find_first")', {"find_first", "Finders.find_first"}),
    ],
)
def test_names_at_run_time(lookup: str, expected: set[str]) -> None:
    assert _treated(lookup) == expected


def test_attributes_that_are_not_called() -> None:
    found = treatments(
        """
        class Thing:
            def load(self, db):
                return db.get(Item, 1)

        @app.get("/")
        def read(field: str, db: Session = Depends(get_db)):
            thing = Thing()
            return {"value": getattr(thing, field), "name": thing.load(db).name}
        """
    )
    assert set(found.values()) == {"native"}
