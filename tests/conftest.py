"""Fixtures of the whole suite: databases that the golden applications run on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from golden.databases import (
    NOT_TESTED,
    Database,
    PostgresServer,
    find_binaries,
    postgres_server,
)
from golden.runner import database_for
from golden.scenario import Scenario


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own; skipped where its binaries are missing."""
    binaries = find_binaries()
    if binaries is None:
        if os.environ.get("LOOPLIFT_REQUIRE_POSTGRES") == "1":
            pytest.fail(f"{NOT_TESTED}, and LOOPLIFT_REQUIRE_POSTGRES=1 asks for it")
        pytest.skip(NOT_TESTED)
    with postgres_server(binaries) as server:
        yield server


@pytest.fixture
def make_database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[str, Scenario, Path], Database]]:
    """Make a fresh database of a kind for the application in a folder."""
    made: list[Database] = []
    numbers = count()

    def make(kind: str, scenario: Scenario, folder: Path) -> Database:
        if kind == "sqlite":
            return database_for(scenario, folder, tmp_path / f"database{next(numbers)}.sqlite")
        server: PostgresServer = request.getfixturevalue("postgres")
        made.append(server.database())
        return made[-1]

    yield make
    for database in made:
        server = request.getfixturevalue("postgres")
        server.drop(database)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in plain words what was not tested."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if NOT_TESTED in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.section("not tested", yellow=True)
        terminalreporter.write_line(f"{NOT_TESTED} ({len(skipped)} tests skipped).", yellow=True)
