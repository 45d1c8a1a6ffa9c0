"""A migration pass by pass, as a reviewer reads it: what was changed, bridged and left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from codemods.facts import Program
from codemods.findings import Finding, Treatment
from codemods.passes.base import NOTE, Decision, Pass
from codemods.patches.diff import Patch, make_patch
from codemods.patches.places import Places
from codemods.pipeline import Migration, PassRun
from codemods.source import CodeBase
from codemods.source.tests import is_test_path

#: Gives the findings that the user wants to see of those in a code base.
Visible = Callable[[Iterable[Finding], CodeBase], tuple[Finding, ...]]


@dataclass(frozen=True)
class Totals:
    """How many places went which way."""

    native: int = 0
    bridged: int = 0
    left: int = 0

    @property
    def sites(self) -> int:
        """All of them."""
        return self.native + self.bridged + self.left

    @property
    def share(self) -> float:
        """The share of native ones, 1 where there are none at all."""
        return self.native / self.sites if self.sites else 1.0

    def __bool__(self) -> bool:
        return bool(self.sites)

    def __str__(self) -> str:
        return (
            f"{self.native} native ({int(self.share * 100)} %), {self.bridged} bridged, "
            f"{self.left} left"
        )


@dataclass(frozen=True)
class Chapter:
    """One pass that ran: its findings (at the lines of the migrated code) and its patch.

    ``part`` names what of the code base it is about, where the pass is cut into several.
    """

    run: PassRun
    findings: tuple[Finding, ...]
    part: str = ""

    @property
    def rule(self) -> Pass:
        """The pass."""
        return self.run.rule

    @cached_property
    def patch(self) -> Patch:
        """What the pass changed."""
        return make_patch(self.run.before, self.run.after)

    @property
    def notes(self) -> tuple[Decision, ...]:
        """What a person has to know or do beside the code: a lock file to renew, and the like."""
        return tuple(d for d in self.run.outcome.decisions if d.treatment == NOTE)

    def treated(self, treatment: Treatment) -> tuple[Finding, ...]:
        """The findings that went one way."""
        return tuple(f for f in self.findings if f.treatment is treatment)


def chapters(migration: Migration, visible: Visible) -> tuple[Chapter, ...]:
    """Every pass of a migration with what it found."""
    return tuple(
        Chapter(run, _at_their_end(visible(run.outcome.findings, run.before), run, migration.after))
        for run in migration.runs
    )


def decided(run: PassRun, migration: Migration) -> tuple[Decision, ...]:
    """What a pass decided, at the lines of the code base as it is."""
    places = Places(run.before, migration.before)
    return tuple(map(places.decision, run.outcome.decisions))


def shares(migration: Migration) -> tuple[Totals, Totals]:
    """What became of the database calls of the source as it was: the application's, the tests'.

    A pass that has a census is measured against it, function by function: what the passes before
    it do to a call leads there. Without such a pass the decisions say how many calls they cover.
    """
    own: Counter[Treatment] = Counter()
    tests: Counter[Treatment] = Counter()
    counted = [run for run in migration.runs if run.rule.census is not None]
    for run in counted or migration.runs:
        for path, treatment, number in _treated(run, migration):
            (tests if is_test_path(path) else own)[treatment] += number
    return _totals(own), _totals(tests)


def _treated(run: PassRun, migration: Migration) -> Iterator[tuple[str, Treatment, int]]:
    """How many calls of a file went which way."""
    decisions = [d for d in run.outcome.decisions if d.treatment != NOTE]
    if run.rule.census is None:
        yield from ((d.path, Treatment(d.treatment), d.sites) for d in decisions)
        return
    decided: dict[tuple[str, str], list[Treatment]] = {}
    for decision in decisions:
        place = decision.path, decision.symbol
        decided.setdefault(place, []).append(Treatment(decision.treatment))
    bridged = Counter(
        (finding.path, finding.symbol)
        for finding in run.outcome.findings
        if finding.treatment is Treatment.BRIDGED
    )
    program = Program(migration.before, reuse=migration.program)
    for call in run.rule.census(program):
        place = call.path, call.symbol
        # Of two functions with one name the worse counts.
        treatment = max(decided.get(place, [Treatment.LEFT]), key=[*Treatment].index)
        if treatment is Treatment.NATIVE and bridged[place]:
            bridged[place] -= 1
            treatment = Treatment.BRIDGED
        yield call.path, treatment, 1


def _totals(counts: Counter[Treatment]) -> Totals:
    return Totals(*(counts[treatment] for treatment in Treatment))


def totals_of_findings(findings: Iterable[Finding]) -> Totals:
    """The findings by treatment."""
    return _totals(Counter(finding.treatment for finding in findings))


def _at_their_end(
    findings: Sequence[Finding], run: PassRun, after: CodeBase
) -> tuple[Finding, ...]:
    """The findings at the lines where the last pass left them."""
    places = Places(run.before, after)
    return tuple(sorted(map(places.finding, findings)))
