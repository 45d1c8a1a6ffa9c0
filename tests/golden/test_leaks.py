"""A leaking application under load: what is left checked out before, and what after."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import leaks, runner
from .databases import PostgresServer
from .scenario import load

#: Path operations that are ``def``: where they wait for a connection, they do so in threads.
NAME, PATH = "blog_response_models", "/authors"


@pytest.mark.parametrize(("side", "left", "answered"), [("before", 15, 15), ("after", 0, 60)])
def test_connections_left(
    postgres: PostgresServer, tmp_path: Path, side: str, left: int, answered: int
) -> None:
    scenario = load(runner.GOLDEN / NAME)
    folder = runner.copy_application(scenario.folder / side, tmp_path / side)
    found = leaks.measure(folder, scenario, PATH, postgres.database())
    assert found["statuses"].get("200") == answered
    assert found["checked_out"] == found["idle_in_transaction"] == left


def test_leaking_ones_are_found(tmp_path: Path) -> None:
    found = {}
    for name in (NAME, "todo_async_routes"):
        copy = runner.copy_application(runner.GOLDEN / name / "before", tmp_path / name)
        found[name] = leaks.leaking(copy)
    assert found == {NAME: True, "todo_async_routes": False}
