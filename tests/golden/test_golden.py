"""Each golden application: its text, its behaviour on each database, its own suite."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from . import runner
from .databases import Database
from .scenario import DATABASES, Scenario, ScenarioError, load

UPDATE = os.environ.get("LOOPLIFT_UPDATE_GOLDEN") == "1"
MakeDatabase = Callable[[str, Scenario, Path], Database]


def _scenarios() -> list[Scenario | Exception]:
    found: list[Scenario | Exception] = []
    for folder in runner.golden_folders():
        try:
            found.append(load(folder))
        except ScenarioError as error:
            found.append(error)  # a broken scenario is one failure, not a failed collection
    return found


SCENARIOS = [found for found in _scenarios() if isinstance(found, Scenario)]
BROKEN = [str(found) for found in _scenarios() if isinstance(found, ScenarioError)]


def _gap(scenario: Scenario, check: str) -> list[pytest.MarkDecorator]:
    """A known gap must fail: once it is closed, the scenario has to say so."""
    reason = (scenario.known_gaps or {}).get(check)
    return [pytest.mark.xfail(reason=reason, strict=True)] if reason else []


def _application(scenario: Scenario, side: str, folder: Path) -> Path:
    """A copy of ``before`` or ``after`` to run; while updating, ``after`` is made anew."""
    if side == "after" and UPDATE:
        runner.copy_application(scenario.folder / "before", folder)
        runner.migrate(folder, scenario)
        return folder
    return runner.copy_application(scenario.folder / side, folder)


def _sides(scenario: Scenario) -> list[str]:
    """What there is to run: a golden whose ``after`` is not made yet is half a golden."""
    return ["before", "after"] if UPDATE or (scenario.folder / "after").is_dir() else ["before"]


def _missing(scenario: Scenario) -> list[str]:
    if len(_sides(scenario)) == 2:
        return []
    return [f"golden/{scenario.name}/after does not exist; LOOPLIFT_UPDATE_GOLDEN=1 writes it"]


def test_scenarios_are_readable() -> None:
    assert not BROKEN, "\n".join(BROKEN)


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(s, id=s.name, marks=_gap(s, "text")) for s in SCENARIOS],
)
def test_text(scenario: Scenario, tmp_path: Path) -> None:
    made = runner.copy_application(scenario.folder / "before", tmp_path / "app")
    migration = runner.migration_of(made, scenario)
    runner.write(made, migration)
    assert not (causeless := runner.unexplained(migration)), causeless
    expected = scenario.folder / "after"
    if UPDATE:
        runner.replace_files(expected, made)
    differing = runner.text_differences(expected, made)
    assert not differing, "after/ differs from what the migration makes:\n" + "\n".join(differing)
    assert not (broken := runner.syntax_errors(made)), broken
    again = runner.migrate(made, scenario)
    assert not again, "the second migration changes:\n" + "\n".join(
        runner.text_differences(expected, made)
    )


@pytest.mark.parametrize(
    ("scenario", "database"),
    [
        pytest.param(
            scenario,
            database,
            id=f"{scenario.name}-{database}",
            marks=_gap(scenario, "behaviour"),
        )
        for scenario in SCENARIOS
        for database in DATABASES
        if database in scenario.databases
    ],
)
def test_behaviour(
    scenario: Scenario, database: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    runs = {}
    for side in _sides(scenario):
        folder = _application(scenario, side, tmp_path / side / "app")
        fresh = make_database(database, scenario, folder)
        runs[side] = runner.run(folder, scenario, fresh, tmp_path / side / "run")
    problems = [
        f"[{side}] {trouble}"
        for side, run in runs.items()
        for trouble in runner.troubles(run, scenario, migrated=side == "after")
    ]
    problems += _missing(scenario) or runner.differences(runs["before"], runs["after"], scenario)
    assert not problems, "\n\n".join(problems)


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(scenario, id=scenario.name, marks=_gap(scenario, "suite"))
        for scenario in SCENARIOS
        if scenario.tests
    ],
)
def test_suite(scenario: Scenario, make_database: MakeDatabase, tmp_path: Path) -> None:
    kind = "sqlite" if "sqlite" in scenario.databases else scenario.databases[0]
    suites = {}
    for side in _sides(scenario):
        folder = _application(scenario, side, tmp_path / side / "app")
        if not (folder / scenario.tests).is_dir():
            pytest.skip("the application has no tests of its own")
        fresh = make_database(kind, scenario, folder)
        suites[side] = runner.run_suite(folder, scenario, fresh, tmp_path / side / "run")
    problems = runner.suite_troubles(suites["before"], suites.get("after", suites["before"]))
    problems += _missing(scenario)
    assert not problems, "\n\n".join(problems)
