"""What may be a database call counts, though nothing is made of it."""

from __future__ import annotations

import pytest
from passes.async_session.decided import flip

READ = """
@app.get("/items")
def items(db: Session = Depends(get_db)):
    return db.scalars(select(Item)).all()


def later(thing):
    thing.CALL


class Ledger:
    BODY
"""


@pytest.mark.parametrize(
    ("call", "body", "counted"),
    [
        ("execute(select(Item))", "pass", 1),
        ("commit(), thing.rollback()", "pass", 2),
        ("append(1)", "pass", 0),
        ("commit()", "def commit(self): ...", 0),
        ("__class__ = Ledger; thing = print('x'); thing.commit()", "pass", 0),
    ],
    ids=["statement", "two", "a list", "a method of the application", "of a known thing"],
)
def test_calls_of_something_unknown_count_as_left(call: str, body: str, counted: int) -> None:
    (run,) = flip(READ.replace("CALL", call).replace("BODY", body)).runs
    left = [d for d in run.outcome.decisions if "is not known" in "".join(d.reasons)]
    assert sum(d.sites for d in left) == counted
    assert {d.treatment for d in left} <= {"left"}
    assert sum(d.sites for d in run.outcome.decisions if d.treatment == "native") == 3
