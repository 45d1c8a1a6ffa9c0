"""What is behind each changed line of a pass: the origins that its edits carry.

An edit says what asked for it; where it says nothing, that is what the pass decided at its lines
and about the function around it. An import comes from the edits that use its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from functools import cached_property
from pathlib import PurePosixPath

from codemods.edits.actions import Edit, FileEdits, Import, Origin
from codemods.edits.keys import source_lines
from codemods.findings import Finding, Treatment
from codemods.passes.base import NOTE, Decision
from codemods.patches.lines import Block
from codemods.patches.outlines import Outline, outline
from codemods.pipeline import PassRun

#: What a change comes from: what a pass reports of a place, or an origin that it says in words.
Cause = Finding | Decision | Origin

_NONE = FileEdits()


class Causes:
    """The causes of what one pass changed. Places are those of the code base that it was given."""

    def __init__(self, run: PassRun) -> None:
        self._run = run
        self._files: dict[str, _FileCauses] = {}

    def of(self, path: str, block: Block) -> tuple[Cause, ...]:
        """What lines of a file were changed for."""
        found = dict.fromkeys(self._origins(path, block))
        return tuple(dict.fromkeys(cause for one in found for cause in self._resolved(one)))

    def _origins(self, path: str, block: Block) -> Iterable[Origin]:
        if path in self._run.outcome.origins:
            return self._run.outcome.origins[path]
        if path not in self._run.before:
            return self._of_new(path)
        return self._file(path).of(block)

    def _of_new(self, path: str) -> Iterator[Origin]:
        """A module that the pass makes comes from the imports that it is made for."""
        stem = PurePosixPath(path).stem
        for other, edits in self._run.outcome.edits.items():
            for one in edits.add_imports:
                if stem in (one.module.rpartition(".")[2], one.name):
                    yield from self._file(other).of_import(one)

    def _file(self, path: str) -> _FileCauses:
        if path not in self._files:
            self._files[path] = _FileCauses(path, self._run)
        return self._files[path]

    def _resolved(self, origin: Origin) -> tuple[Cause, ...]:
        """What the pass reports of an origin: of its line, else of its function."""
        if origin.why:
            return (origin,)
        at_line = self._reported.get((origin.path, origin.line), [])
        about = self._reported.get((origin.path, origin.symbol), []) if origin.symbol else []
        decided = [one for one in about if isinstance(one, Decision)]
        found = [*at_line, *decided] or about
        made = [one for one in found if one.treatment not in _LEFT]
        return tuple(made or found)

    @cached_property
    def _reported(self) -> dict[tuple[str, int | str], list[Finding | Decision]]:
        found: dict[tuple[str, int | str], list[Finding | Decision]] = {}
        outcome = self._run.outcome
        decided = [one for one in outcome.decisions if one.treatment != NOTE]
        reported: list[Finding | Decision] = [*outcome.findings, *decided]
        for one in reported:
            found.setdefault((one.path, one.line), []).append(one)
            if one.symbol:
                found.setdefault((one.path, one.symbol), []).append(one)
        return found


_LEFT = (Treatment.LEFT, Treatment.LEFT.value)


class _FileCauses:
    """The origins of the changes of one file."""

    def __init__(self, path: str, run: PassRun) -> None:
        self._path = path
        self._run = run
        self._edits = run.outcome.edits.get(path, _NONE)
        self._lines = source_lines(run.before[path].text)
        self._before: Outline = outline(run.before[path].text)
        self._places = [(self._before.lines_of(edit), edit) for edit in self._edits.edits]

    @cached_property
    def _after(self) -> Outline:
        return outline(self._run.after[self._path].text)

    @cached_property
    def _new_lines(self) -> list[str]:
        return source_lines(self._run.after[self._path].text)

    def of(self, block: Block) -> Iterator[Origin]:
        """The origins of a block of lines."""
        imported = [*self._imported(block)]
        yield from imported
        old = self._replaced(block)
        edited = [edit for lines, edit in self._places if _meet(lines, old)]
        if not edited and not imported:
            edited = self._in_same_function(block)
        for edit in edited:
            yield from self.of_edit(edit)
        yield from self._put(block)

    def of_edit(self, edit: Edit) -> Iterator[Origin]:
        """What asked for an edit: what it says, or what was decided where it is."""
        if edit.because:
            yield from edit.because
            return
        for line in dict.fromkeys((edit.key.line, edit.key.end_line or edit.key.line)):
            around = [name for _, name in self._before.around(line)]
            yield Origin(self._path, line)
            yield from (Origin(self._path, 0, name) for name in around[:1])

    def of_import(self, one: Import) -> Iterator[Origin]:
        """What asked for an import: the edits that use its name, where nothing else is said."""
        said = [origin for what, origin in self._edits.because if what == one]
        yield from said
        if not said:
            word = re.compile(rf"\b{re.escape(_bound(one))}\b")
            for edit in self._edits.edits:
                if any(word.search(text) for text in _texts(astuple(edit.action))):
                    yield from self.of_edit(edit)

    def _of_drop(self, one: Import) -> Iterator[Origin]:
        """What took the last use of an import away."""
        said = [origin for what, origin in self._edits.because if what == one]
        yield from said
        if not said:
            word = re.compile(rf"\b{re.escape(_bound(one))}\b")
            for lines, edit in self._places:
                if any(word.search(line) for line in self._lines[lines.start - 1 : lines.stop - 1]):
                    yield from self.of_edit(edit)

    def _imported(self, block: Block) -> Iterator[Origin]:
        """The origins of imports that came and went in a block."""
        new = range(block.new_start + 1, block.new_end + 1)
        came = {n for lines, names in self._after.imports if _meet(lines, new) for n in names}
        went = {
            n
            for lines, names in self._before.imports
            if _meet(lines, self._replaced(block))
            for n in names
        }
        for one in self._edits.add_imports:
            if _bound(one) in came:
                yield from self.of_import(one)
        for one in self._edits.drop_imports:
            if _bound(one) in went:
                yield from self._of_drop(one)

    def _put(self, block: Block) -> Iterator[Origin]:
        """The origins of statements that were put into a block."""
        new = {line.strip() for line in self._new_lines[block.new_start : block.new_end]} - {""}
        for what, origin in self._edits.because:
            if isinstance(what, str) and new & {line.strip() for line in what.splitlines()}:
                yield origin

    def _replaced(self, block: Block) -> range:
        """The lines that a block replaces; where it only adds, the statements around it."""
        if block.old_start < block.old_end:
            return range(block.old_start + 1, block.old_end + 1)
        first, last = block.old_start, block.old_start + 1
        while first > 1 and not self._lines[first - 1].strip():
            first -= 1
        while last < len(self._lines) and not self._lines[last - 1].strip():
            last += 1
        return range(first, last + 1)

    def _in_same_function(self, block: Block) -> list[Edit]:
        """The edits of the function around a block: what is moved or laid out anew with them."""
        for lines, _ in self._before.around(self._replaced(block).start):
            if found := [edit for place, edit in self._places if _meet(lines, place)]:
                return found
        return []


def _meet(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _bound(one: Import) -> str:
    return one.alias or one.name or one.module.partition(".")[0]


def _texts(value: object) -> Iterator[str]:
    """All texts within nested tuples."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
