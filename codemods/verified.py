"""A migration of which every part passes the user's own command; the rest is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from codemods.passes import Pass
from codemods.pipeline import Migration
from codemods.project import Project
from codemods.sinks.verify import Run, Verifier

#: So often the command runs to find the files of a pass that break it.
MOST_RUNS = 12


@dataclass(frozen=True)
class LeftOut:
    """A part that is not landed: a pass, or what it does to some files; and why."""

    rule: str
    paths: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Verified:
    """What can be landed, what can't, and how the command ended before and after."""

    migration: Migration
    before: Run
    after: Run | None
    left_out: tuple[LeftOut, ...] = ()

    def results(self) -> dict[str, Any]:
        """For other programs: how the command ended, and what was left out because of it."""
        return {
            "before": asdict(self.before),
            "after": asdict(self.after) if self.after else None,
            "left_out": [asdict(left) for left in self.left_out],
        }


def verify(project: Project, migration: Migration, verifier: Verifier) -> Verified:
    """Run the command before and after ``migration``; where it breaks, leave out what breaks it."""
    base = migration.before
    before = verifier.run("before", base, base)
    if not migration.changed:
        return Verified(migration, before, None)
    after = verifier.run("after", base, migration.after)
    if after.passed or not before.passed:
        return Verified(migration, before, after)
    return _Narrowing(project, verifier, before).verified()


class _Narrowing:
    """Builds the migration up pass by pass, and drops what turns the command red."""

    def __init__(self, project: Project, verifier: Verifier, before: Run) -> None:
        self._project = project
        self._verifier = verifier
        self._before = before
        self._left: list[LeftOut] = []
        self._last = before

    def verified(self) -> Verified:
        """The largest part that was found to pass."""
        kept: list[Pass] = []
        for rule in self._project.selection.applied:
            gone = {left.rule for left in self._left if not left.paths}
            if needed := [need for need in rule.needs if need in gone]:
                self._left.append(LeftOut(rule.name, (), f"it needs {needed[0]}"))
                continue
            changed = self._changed(self._migrated([*kept, rule]), rule)
            if changed and not self._passes([*kept, rule]):
                self._narrow(kept, rule, changed)
            if not any(left.rule == rule.name and not left.paths for left in self._left):
                kept.append(rule)
        landed = self._migrated(kept)
        after = self._verifier.run("after", landed.before, landed.after)
        return Verified(landed, self._before, after, tuple(self._left))

    def _narrow(self, kept: Sequence[Pass], rule: Pass, changed: Sequence[str]) -> None:
        """Find the files of a pass that break the command, or give the pass up."""
        reason = f"the command passes without it and fails with it ({self._last.how})"
        found: list[str] = []
        for _ in range(2):  # two files that break it each by itself
            culprit = self._culprit(kept, rule, [path for path in changed if path not in found])
            if not culprit:
                break
            found.append(culprit)
            if self._passes([*kept, rule], rule, found):
                if self._changed(self._migrated([*kept, rule], rule, found), rule):
                    self._left.append(LeftOut(rule.name, tuple(found), reason))
                    return
                break
        self._left.append(LeftOut(rule.name, (), reason))

    def _culprit(self, kept: Sequence[Pass], rule: Pass, paths: Sequence[str]) -> str:
        """The first file with which the command fails, by bisection; "" where it is no file."""
        low, high = 0, len(paths)  # passes with the first `low` files, fails with `high`
        for _ in range(MOST_RUNS // 2):
            if high - low <= 1:
                return paths[low] if len(paths) > 1 else ""
            middle = (low + high) // 2
            if self._passes([*kept, rule], rule, paths[middle:]):
                low = middle
            else:
                high = middle
        return ""

    def _passes(
        self, rules: Sequence[Pass], rule: Pass | None = None, paths: Sequence[str] = ()
    ) -> bool:
        state = self._migrated(rules, rule, paths)
        label = f"with {', '.join(one.name for one in rules)}"
        if paths:
            label += f", but not in {len(paths)} of the files"
        self._last = self._verifier.run(label, state.before, state.after)
        return self._last.passed

    def _migrated(
        self, rules: Sequence[Pass], rule: Pass | None = None, paths: Sequence[str] = ()
    ) -> Migration:
        """The migration by some passes, without what was left out and without ``paths``."""
        held = [(left.rule, path) for left in self._left for path in left.paths]
        held += [(rule.name, path) for path in paths if rule is not None]
        selection = replace(self._project.selection, passes=tuple(rules))
        options = replace(self._project.options, held=tuple(held))
        return replace(self._project, selection=selection, options=options).migrate()

    @staticmethod
    def _changed(migration: Migration, rule: Pass) -> tuple[str, ...]:
        return next((run.changed for run in migration.runs if run.rule is rule), ())
