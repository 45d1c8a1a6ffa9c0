"""Why each hunk of a migration is there: the passes, findings and decisions behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codemods.findings import Finding, Level
from codemods.passes.base import Decision, Pass
from codemods.patches.causes import Cause, Causes
from codemods.patches.diff import FilePatch
from codemods.patches.places import Places
from codemods.patches.story import Chapter
from codemods.pipeline import Migration

_HEADER = re.compile(rb"(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class Hunk:
    """A hunk: its lines before and after (first and count), and what it comes from.

    ``rules`` are the passes that changed lines of it, ``findings`` and ``decisions`` those of its
    own lines. ``follows`` is what else asked for its edits, in this file or another one.
    """

    old: tuple[int, int]
    new: tuple[int, int]
    rules: tuple[str, ...]
    level: Level
    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]
    follows: tuple[Cause, ...] = ()


@dataclass(frozen=True)
class _Touched:
    """Lines of the migrated file that a pass changed, and what for."""

    rule: Pass
    lines: range
    causes: tuple[Cause, ...]


class Reasons:
    """Knows for every line of the migrated code what was decided there."""

    def __init__(self, migration: Migration, story: Sequence[Chapter]) -> None:
        self._migration = migration
        self._story = story
        self._known: dict[int, Places] = {}

    def hunks(self, file: FilePatch) -> tuple[Hunk, ...]:
        """The hunks of a file with their reasons."""
        touched = [found for one in self._story for found in self._touched(one, file.path)]
        decided = tuple(self._decided(file.path))
        return tuple(
            self._hunk(file.path, old, new, touched, decided) for old, new in _ranges(file)
        )

    def _hunk(
        self,
        path: str,
        old: tuple[int, int],
        new: tuple[int, int],
        touched: Sequence[_Touched],
        decided: tuple[Decision, ...],
    ) -> Hunk:
        lines = range(new[0], new[0] + max(new[1], 1))
        behind = [one for one in touched if _meet(one.lines, lines)]
        rules = tuple(dict.fromkeys(one.rule.name for one in behind))
        unsafe = any(one.rule.level is Level.UNSAFE for one in behind)
        findings = tuple(
            finding
            for chapter in self._story
            for finding in chapter.findings
            if finding.path == path and finding.line in lines
        )
        decisions = tuple(decision for decision in decided if decision.line in lines)
        causes = dict.fromkeys(cause for one in behind for cause in one.causes)
        return Hunk(
            old,
            new,
            rules,
            Level.UNSAFE if unsafe else Level.SAFE,
            findings,
            decisions,
            tuple(cause for cause in causes if cause not in (*findings, *decisions)),
        )

    def _touched(self, chapter: Chapter, path: str) -> Iterator[_Touched]:
        """The lines of the migrated file that a pass changed."""
        run = chapter.run
        later = Places(run.after, self._migration.after)
        causes = Causes(run)
        for block in Places(run.before, run.after).blocks(path):
            first = later.line(path, block.new_start + 1)
            last = later.line(path, max(block.new_end, block.new_start + 1))
            found = causes.of(path, block)
            yield _Touched(
                chapter.rule, range(first, last + 1), tuple(self._at_their_end(found, chapter))
            )

    def _at_their_end(self, causes: Iterable[Cause], chapter: Chapter) -> Iterator[Cause]:
        """Causes at the lines where they end up; only what the user wants to see."""
        shown = set(chapter.findings)
        for cause in causes:
            moved_there = self._places(chapter).moved(cause)
            if not isinstance(moved_there, Finding) or moved_there in shown:
                yield moved_there

    def _places(self, chapter: Chapter) -> Places:
        """Where what stood in the code base before a pass is at the end."""
        if id(chapter) not in self._known:
            self._known[id(chapter)] = Places(chapter.run.before, self._migration.after)
        return self._known[id(chapter)]

    def _decided(self, path: str) -> Iterator[Decision]:
        """The decisions about functions of a file, at the lines where these end up."""
        for chapter in self._story:
            for decision in chapter.run.outcome.decisions:
                if decision.path == path:
                    yield self._places(chapter).decision(decision)


def _meet(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _ranges(file: FilePatch) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for found in _HEADER.finditer(file.hunks):
        start, count, new_start, new_count = found.groups()
        yield (int(start), int(count or 1)), (int(new_start), int(new_count or 1))
