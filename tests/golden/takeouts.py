"""Takes out each load that the migration added to a golden application: it has to be missed.

    cd tests && PYTHONPATH=.. python -m golden.takeouts [NAME ...]

Every step of a loader option, name of a ``refresh`` and re-read that stands in ``after`` and not
in ``before`` is taken out by itself. It is missed, on SQLite, where

- the scenario or the suite fails without it,
- a relationship is then loaded by whoever reads it (in an application that stays sync nothing
  fails, but a query is hidden again), or
- an answer differs on a database that changes what it stores: triggers alter texts, which only
  an object that is read again shows.

A load that nothing misses is over-fetching, or no request needs it. The scenario's ``unmissed``
names those that stay all the same, with the cause.
"""

from __future__ import annotations

import ast
import json
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import runner
from .changing import columns
from .databases import Database
from .forked import Child
from .loads import Load, added, loads
from .runner import Run, SuiteRun
from .scenario import Scenario, load

#: Runs at once: they are processes of their own.
_AT_ONCE = 2
#: How much longer a run may take than a scenario says: only slowness would end it, and a run that
#: was cut off must not count as one that misses a load.
PATIENCE = 5
#: What is likely to show only where the database changes what it stores.
_REREADS = ("refresh", "populate_existing")


class Bench:
    """Runs of one golden application, those of ``before`` and of all loads made once."""

    def __init__(self, scenario: Scenario, work: Path) -> None:
        self.scenario = replace(scenario, timeout=PATIENCE * scenario.timeout)
        self.work = work
        self._count = 0
        first = self._copy("before")
        self.before = self._run(first)
        self.suite = self._run_suite(self._copy("before"))
        self.whole = self._run(self._copy("after"))
        self.whole_suite = self._run_suite(self._copy("after"))
        self.changing = self._columns(self._database(first).dsn)
        self.changed = self._run(self._copy("before"), self.changing)
        self.whole_changed = self._run(self._copy("after"), self.changing)

    def _copy(self, side: str) -> Path:
        self._count += 1
        source = self.scenario.folder / side
        return runner.copy_application(source, self.work / str(self._count) / "app")

    def _database(self, folder: Path) -> Database:
        return runner.database_for(self.scenario, folder, folder.parent / "data.db")

    def _run(self, folder: Path, changing: tuple[str, ...] = ()) -> Run:
        database = self._database(folder)
        Path(database.dsn).unlink(missing_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent))
        return runner.run(folder, self.scenario, database, work, changing, Child)

    def _run_suite(self, folder: Path) -> SuiteRun | None:
        if not self.scenario.tests or not (folder / self.scenario.tests).is_dir():
            return None
        database = self._database(folder)
        Path(database.dsn).unlink(missing_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent))
        suite = runner.run_suite(folder, self.scenario, database, work)
        if not suite.ended:
            raise runner.UnfinishedError(suite.output)
        return suite

    def _columns(self, file: str) -> tuple[str, ...]:
        """The columns that the database may change, and the scenario still goes its way."""
        found = columns(file, self.before.tables)
        if not found or self._goes_on(found):
            return found
        kept: tuple[str, ...] = ()
        for one in found:
            if self._goes_on((*kept, one)):
                kept = (*kept, one)
        return kept

    def _goes_on(self, changing: tuple[str, ...]) -> bool:
        try:
            run = self._run(self._copy("before"), changing)
        except runner.UnfinishedError:
            raise
        except AssertionError:
            return False
        return outlines(run) == outlines(self.before)

    def troubles(self) -> list[str]:
        """What is wrong with all loads in place: by such an application nothing can be judged."""
        found = runner.troubles(self.whole, self.scenario, migrated=True)
        found += runner.differences(self.before, self.whole, self.scenario)
        if self.suite is not None and self.whole_suite is not None:
            found += runner.suite_troubles(self.suite, self.whole_suite)
        return found

    def stale(self) -> list[str]:
        """What is answered differently on the database that changes what it stores."""
        scenario = _without_statements(self.scenario)
        on = f"on a database that changes {', '.join(self.changing)}"
        found = runner.differences(self.changed, self.whole_changed, scenario)
        return [f"{on}: {one}" for one in found]

    def misses(self, path: Path, index: int, one: Load) -> bool:
        """Whether the application without one load is no longer that of the golden."""
        less = self._copy("after")
        tree = ast.parse((less / path).read_text("utf-8"))
        list(loads(tree))[index].take_out()
        (less / path).write_text(ast.unparse(ast.fix_missing_locations(tree)), "utf-8")
        checks = [self._fails, self._shows_changes, self._fails_suite]
        if one.text.startswith(_REREADS):
            checks[:2] = reversed(checks[:2])
        return any(check(less) for check in checks)

    def _fails(self, less: Path) -> bool:
        try:
            run = self._run(less)
        except runner.UnfinishedError:
            raise
        except AssertionError:
            return True
        return bool(
            runner.troubles(run, self.scenario, migrated=True)
            or runner.differences(self.before, run, self.scenario)
            or _more(run.transcript["lazy"], self.whole.transcript["lazy"])
        )

    def _shows_changes(self, less: Path) -> bool:
        if not self.changing:
            return False
        run = self._run(less, self.changing)
        return bool(runner.differences(self.whole_changed, run, _without_statements(self.scenario)))

    def _fails_suite(self, less: Path) -> bool:
        suite = self._run_suite(less)
        if suite is None or self.suite is None or self.whole_suite is None:
            return False
        troubles = runner.suite_troubles(self.suite, suite)
        return bool(troubles) or _more(suite.lazy, self.whole_suite.lazy)


def outlines(run: Run) -> list[list[tuple[int, Any]]]:
    """The way that a scenario goes: the status of each answer, and how long its lists are."""
    return [
        [(answer["status"], _outline(answer["body"])) for answer in one]
        for one in run.transcript["exchanges"]
    ]


def _outline(text: str) -> Any:
    """A JSON text without its values."""
    try:
        return _bare(json.loads(text))
    except ValueError:
        return None


def _bare(value: Any) -> Any:
    match value:
        case dict():
            return {key: _bare(one) for key, one in value.items()}
        case list():
            return [_bare(one) for one in value]
    return None


def _more(less: Mapping[str, int], whole: Mapping[str, int]) -> bool:
    """Whether more was loaded by its readers in any phase."""
    return any(count > whole.get(phase, 0) for phase, count in less.items())


def _without_statements(scenario: Scenario) -> Scenario:
    """The scenario, with no limit to the number of statements."""
    requests = [replace(one, extra_statements=1_000_000) for one in scenario.requests]
    return replace(scenario, requests=tuple(requests))


def text_of(path: Path, one: Load) -> str:
    """How the scenario names a load."""
    return f"{path.as_posix()} {one.function}: {one.text}"


def examine(scenario: Scenario) -> tuple[int, list[str], list[str]]:
    """The number of loads of an application, those not missed, and what is wrong besides."""
    found = list(added(scenario.folder / "before", scenario.folder / "after"))
    if not found or "sqlite" not in scenario.databases:
        return 0, [], []
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(_AT_ONCE) as pool:
        bench = Bench(scenario, Path(work))
        if troubles := bench.troubles():
            return len(found), [], troubles
        missed = list(pool.map(lambda one: bench.misses(*one), found))
    named = scenario.unmissed or {}
    judged = zip(found, missed, strict=True)
    unmissed = [text_of(path, one) for (path, _, one), is_missed in judged if not is_missed]
    wrong = [f"is missed, or not there: {text}" for text in named if text not in unmissed]
    wrong += bench.stale()
    return len(found), unmissed, wrong


def main(names: list[str]) -> int:
    """Print what each application could do without; the number of such loads, and of faults."""
    total, spared, faults = 0, 0, 0
    for folder in runner.golden_folders():
        if names and folder.name not in names:
            continue
        scenario = load(folder)
        count, unmissed, wrong = examine(scenario)
        named = [text for text in unmissed if text in (scenario.unmissed or {})]
        open_ones = [text for text in unmissed if text not in named]
        total, spared = total + count, spared + len(named)
        faults += len(open_ones) + len(wrong)
        if count:
            print(f"{scenario.name}: {count} loads, {len(open_ones)} not missed", flush=True)
        for text in (*open_ones, *(f"! {one}" for one in wrong)):
            print(f"    {text}", flush=True)
    print(f"{total} loads, {faults} not missed or wrong, {spared} named with their causes")
    return faults


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
