"""What the table of ``golden.statements`` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from .runner import Run
from .scenario import Request, Scenario
from .statements import sent

REQUEST = Request("GET", "/a", extra_statements=1, extra_statements_reason="why not")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (2, 1, "GET /a: 2 -> 1"),
        (2, 3, "GET /a: 2 -> 3 (why not)"),
        (2, 4, "! GET /a: 2 -> 4"),
        (0, 0, "GET /a: 0 -> 0"),
    ],
)
def test_a_line_for_each_request(before: int, after: int, line: str) -> None:
    scenario = Scenario(
        name="one",
        folder=Path(),
        description="",
        app="app:app",
        blocks_before=False,
        requests=(REQUEST,),
    )
    runs = [
        Run({"statements": {"request 0": count} if count else {}}, {}) for count in (before, after)
    ]
    [found] = sent(scenario, *runs)
    assert found.line() == line
    assert found.is_above == line.startswith("!")
