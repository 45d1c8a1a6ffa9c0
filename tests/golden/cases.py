"""Count the golden applications that show a pass: those with something converted, or left.

``python -m golden.cases`` (in ``tests``, with the checkout on PYTHONPATH) migrates each golden
application in memory, as its scenario says. For each pass it prints in how many of them something
was converted and in how many something was left with a finding, and their names. Names of passes
may be given. The exit code is 1 where a pass is shown by fewer than six of either.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from codemods.findings import Treatment
from golden.runner import copy_application, golden_folders, migration_of
from golden.scenario import load

ENOUGH = 6
PASSES = ("blocking-calls", "streaming-response", "middleware-tasks", "background-queue")


def main(passes: Sequence[str]) -> int:
    """Print the counts; 1 where there are too few."""
    converted: dict[str, Counter[str]] = {name: Counter() for name in passes}
    left: dict[str, Counter[str]] = {name: Counter() for name in passes}
    for folder in golden_folders():
        # Not in the checkout, all of which would be read for callers.
        with tempfile.TemporaryDirectory() as made:
            copy = copy_application(folder / "before", Path(made) / folder.name)
            findings = migration_of(copy, load(folder)).findings
        for finding in findings:
            if finding.rule in converted:
                kind = left if finding.treatment is Treatment.LEFT else converted
                kind[finding.rule][folder.name] += 1
    for name in passes:
        for text, found in (("converted", converted[name]), ("left", left[name])):
            where = ", ".join(f"{golden} ({number})" for golden, number in sorted(found.items()))
            print(f"{name}: {text} in {len(found)}: {where}")
    counts = [len(found[name]) for found in (converted, left) for name in passes]
    return int(min(counts) < ENOUGH)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PASSES))
