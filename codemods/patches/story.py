"""A migration pass by pass, as a reviewer reads it: what was changed, bridged and left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from codemods.findings import Finding, Treatment
from codemods.passes.base import NOTE, Decision, Pass
from codemods.patches.diff import Patch, make_patch, split_lines
from codemods.patches.lines import Block, changes, moved
from codemods.pipeline import Migration, PassRun
from codemods.source import CodeBase

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


def totals(decisions: Iterable[Decision]) -> Totals:
    """The database calls that the decisions cover, by treatment."""
    counts: Counter[str] = Counter()
    for decision in decisions:
        counts[decision.treatment] += decision.sites
    return Totals(*(counts[treatment.value] for treatment in Treatment))


def totals_of_findings(findings: Iterable[Finding]) -> Totals:
    """The findings by treatment."""
    counts = Counter(finding.treatment for finding in findings)
    return Totals(*(counts[treatment] for treatment in Treatment))


def _at_their_end(
    findings: Sequence[Finding], run: PassRun, after: CodeBase
) -> tuple[Finding, ...]:
    """The findings at the lines where the last pass left them."""
    blocks: dict[str, list[Block]] = {}
    found = []
    for finding in findings:
        path = finding.path
        if path not in blocks:
            blocks[path] = _blocks(run.before, after, path)
        found.append(replace(finding, line=moved(blocks[path], finding.line)))
    return tuple(sorted(found))


def _blocks(before: CodeBase, after: CodeBase, path: str) -> list[Block]:
    old, new = before.files.get(path), after.files.get(path)
    if old is None or new is None or old is new:
        return []
    return changes(split_lines(old.to_bytes()), split_lines(new.to_bytes()))
