"""Why each hunk of a migration is there: the passes, findings and decisions behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codemods.findings import Finding, Level
from codemods.passes.base import Decision, Pass
from codemods.patches.diff import FilePatch, split_lines
from codemods.patches.lines import Block, changes, moved
from codemods.patches.story import Chapter
from codemods.pipeline import Migration
from codemods.source import CodeBase

_HEADER = re.compile(rb"(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class Hunk:
    """A hunk: its lines before and after (first and count), and what it comes from.

    ``rules`` are the passes that changed lines of it. A hunk without findings and decisions of its
    own follows from the others of its file: imports, and what moves with them.
    """

    old: tuple[int, int]
    new: tuple[int, int]
    rules: tuple[str, ...]
    level: Level
    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]


class Reasons:
    """Knows for every line of the migrated code what was decided there."""

    def __init__(self, migration: Migration, story: Sequence[Chapter]) -> None:
        self._migration = migration
        self._story = story

    def hunks(self, file: FilePatch) -> tuple[Hunk, ...]:
        """The hunks of a file with their reasons."""
        touched = [(one.rule, tuple(self._touched(one, file.path))) for one in self._story]
        decided = tuple(self._decided(file.path))
        return tuple(
            self._hunk(file.path, old, new, touched, decided) for old, new in _ranges(file)
        )

    def _hunk(
        self,
        path: str,
        old: tuple[int, int],
        new: tuple[int, int],
        touched: Sequence[tuple[Pass, tuple[range, ...]]],
        decided: tuple[Decision, ...],
    ) -> Hunk:
        lines = range(new[0], new[0] + max(new[1], 1))
        behind = [
            rule
            for rule, places in touched
            if any(max(place.start, lines.start) < min(place.stop, lines.stop) for place in places)
        ]
        unsafe = any(rule.level is Level.UNSAFE for rule in behind)
        return Hunk(
            old,
            new,
            tuple(rule.name for rule in behind),
            Level.UNSAFE if unsafe else Level.SAFE,
            tuple(
                finding
                for chapter in self._story
                for finding in chapter.findings
                if finding.path == path and finding.line in lines
            ),
            tuple(decision for decision in decided if decision.line in lines),
        )

    def _touched(self, chapter: Chapter, path: str) -> Iterator[range]:
        """The lines of the migrated file that a pass changed."""
        run = chapter.run
        later = _blocks(run.after, self._migration.after, path)
        for block in _blocks(run.before, run.after, path):
            first = moved(later, block.new_start + 1)
            last = moved(later, max(block.new_end, block.new_start + 1))
            yield range(first, last + 1)

    def _decided(self, path: str) -> Iterator[Decision]:
        """The decisions about functions of a file, at the lines where these end up."""
        for chapter in self._story:
            run = chapter.run
            blocks = _blocks(run.before, self._migration.after, path)
            for decision in run.outcome.decisions:
                if decision.path == path:
                    yield replace(decision, line=moved(blocks, decision.line))


def _ranges(file: FilePatch) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for found in _HEADER.finditer(file.hunks):
        start, count, new_start, new_count = found.groups()
        yield (int(start), int(count or 1)), (int(new_start), int(new_count or 1))


def _blocks(before: CodeBase, after: CodeBase, path: str) -> list[Block]:
    """How a file differs; a new one wholly."""
    old, new = before.files.get(path), after.files.get(path)
    if new is None or old is new:
        return []
    return changes(
        split_lines(old.to_bytes()) if old is not None else [], split_lines(new.to_bytes())
    )
