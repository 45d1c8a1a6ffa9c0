"""Prints how many SQL statements each request of the golden applications sends, before and after.

    cd tests && PYTHONPATH=.. python -m golden.statements [NAME ...]

On SQLite. A line for each request whose number differs, with the cause that its scenario names
for more; ``--all`` prints every request. What is above without a name is a fault.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from . import runner
from .forked import Child
from .scenario import Request, Scenario, load
from .takeouts import PATIENCE


@dataclass(frozen=True)
class Sent:
    """The statements of one request, on both sides."""

    request: Request
    before: int
    after: int

    @property
    def is_above(self) -> bool:
        """Whether more are sent than the scenario allows."""
        return self.after > self.before + self.request.extra_statements

    def line(self) -> str:
        """The request and its numbers, with what the scenario says to them."""
        text = f"{self.request.label}: {self.before} -> {self.after}"
        if self.is_above:
            return f"! {text}"
        reason = self.request.extra_statements_reason
        return f"{text} ({reason})" if self.after > self.before else text


def sent(scenario: Scenario, before: runner.Run, after: runner.Run) -> Iterator[Sent]:
    """The numbers of each request of a scenario."""
    for number, request in enumerate(scenario.requests):
        counts = [
            run.transcript["statements"].get(f"request {number}", 0) for run in (before, after)
        ]
        yield Sent(request, *counts)


def count(scenario: Scenario, work: Path) -> list[Sent]:
    """Run both sides of an application once, and count."""
    runs = []
    patient = replace(scenario, timeout=PATIENCE * scenario.timeout)
    for side in ("before", "after"):
        folder = runner.copy_application(scenario.folder / side, work / side / "app")
        database = runner.database_for(scenario, folder, folder.parent / "data.db")
        runs.append(runner.run(folder, patient, database, work / side / "run", start=Child))
    return list(sent(scenario, *runs))


def main(arguments: list[str]) -> int:
    """Print the table; the number of requests that are above without a name."""
    names = [one for one in arguments if not one.startswith("--")]
    total: list[Sent] = []
    for folder in runner.golden_folders():
        scenario = load(folder)
        if "sqlite" not in scenario.databases or (names and folder.name not in names):
            continue
        with tempfile.TemporaryDirectory() as work:
            found = count(scenario, Path(work))
        total += found
        sums = (sum(one.before for one in found), sum(one.after for one in found))
        print(f"{scenario.name}: {len(found)} requests, {sums[0]} -> {sums[1]}", flush=True)
        for one in found:
            if one.before != one.after or "--all" in arguments:
                print(f"    {one.line()}")
    above = [one for one in total if one.is_above]
    named = [one for one in total if one.after > one.before and not one.is_above]
    fewer = sum(one.after < one.before for one in total)
    print(
        f"{len(total)} requests, {sum(one.before for one in total)} statements before, "
        f"{sum(one.after for one in total)} after; {fewer} send fewer, "
        f"{len(named)} more with a cause, {len(above)} more without one"
    )
    return len(above)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
