"""Text for people: findings, plans, summaries and diffs, in colour where that is wanted.

Nothing is wrapped or framed, so that every line can be copied, searched and cut.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

from codemods.findings import Finding, Treatment
from codemods.source import SourceError

if TYPE_CHECKING:
    from rich.console import Console

    from codemods.passes.base import Decision, Pass
    from codemods.patches import Patch
    from codemods.patches.story import Chapter

_DIFF_COLORS = ((b"+", b"32"), (b"-", b"31"), (b"@@", b"36"))
_STYLES = {"native": "green", "bridged": "yellow", "left": "red"}


def clean(text: str) -> str:
    """A text on one line, without what would steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def wants_color(stream: TextIO, choice: str) -> bool:
    """Whether to colour what goes to ``stream``: ``auto``, ``always`` or ``never``."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


class Terminal:
    """Standard output and standard error, as the user wants them."""

    def __init__(self, root: Path, *, color: str = "auto", quiet: bool = False) -> None:
        self._root = root
        self._here = Path.cwd()
        self._quiet = quiet
        self._color = color

    def print(self, text: str = "", style: str = "") -> None:
        """One line on standard output."""
        self._write(sys.stdout, text, style)

    def note(self, text: str = "", style: str = "") -> None:
        """One line on standard error, unless quiet."""
        if not self._quiet:
            self._write(sys.stderr, text, style)

    def warn(self, text: str) -> None:
        """One line on standard error, also when quiet."""
        self._write(sys.stderr, text, "yellow")

    def path(self, path: str) -> str:
        """A path of the code base, relative to the working directory if it lies below it."""
        location = self._root / path
        try:
            return clean(location.relative_to(self._here).as_posix())
        except ValueError:
            return clean(path)

    def location(self, finding: Finding) -> str:
        """``path:line:column``, as editors open it."""
        return f"{self.path(finding.path)}:{finding.line}:{finding.column}"

    def errors(self, errors: Iterable[SourceError]) -> None:
        """The files that were passed over, one a line."""
        for error in errors:
            self.warn(f"{self.path(error.path)}:{error.line}: {clean(error.message)}")

    def findings(self, findings: Iterable[Finding]) -> None:
        """One finding a line."""
        for f in findings:
            self.print(f"{self.location(f)}: {f.code} {clean(f.message)}")

    def diff(self, patch: Patch) -> None:
        """The bytes of a patch; in colour only on a terminal."""
        sys.stdout.flush()
        stream: IO[bytes] = sys.stdout.buffer
        if not wants_color(sys.stdout, self._color):
            stream.write(patch.data)
        else:
            for file in patch.files:
                stream.writelines(map(_bold, file.header.splitlines(keepends=True)))
                stream.writelines(_colored(line) for line in file.hunks.split(b"\n")[:-1])
        stream.flush()

    def chapters(self, chapters: Iterable[Chapter]) -> None:
        """What each pass did, bridged and left, with reasons, grouped."""
        for chapter in chapters:
            if not chapter.run.changed and not chapter.findings and not chapter.notes:
                continue
            patch = chapter.patch
            self.print(
                f"{chapter.rule.name}: {_count(len(patch.files), 'file')} changed "
                f"(+{patch.added} -{patch.removed})",
                "bold",
            )
            self._by_code(chapter)
            for treatment in (Treatment.BRIDGED, Treatment.LEFT):
                self._treated(treatment, chapter.treated(treatment))
            self._notes(chapter.notes)

    def files(self, paths: Sequence[str], created: Sequence[str]) -> None:
        """The files that were written."""
        self.print("Files written:", "bold")
        for path in paths:
            self.print(f"  {self.path(path)}{' (new)' if path in created else ''}")

    def decisions(self, rule: Pass, decisions: Sequence[Decision]) -> None:
        """What a pass decided: each function, its treatment, the chain of reasons."""
        self.print(f"{rule.name}: {clean(rule.summary)}", "bold")
        for d in decisions:
            sites = f" ({_count(d.sites, 'site')})" if d.sites else ""
            subject = f" {clean(d.symbol)}" if d.symbol else ""
            line = f"  {self.path(d.path)}:{d.line}{subject}: {d.treatment}, "
            self.print(line + clean(d.action) + sites, _STYLES.get(d.treatment, ""))
            for depth, reason in enumerate(d.reasons):
                self.print(f"    {'  ' * depth}because {clean(reason)}")

    def _by_code(self, chapter: Chapter) -> None:
        for code in chapter.rule.codes:
            done = sum(f.code == code.code for f in chapter.treated(Treatment.NATIVE))
            if done:
                self.print(f"  {code.code} {code.name}: {done} done")

    def _treated(self, treatment: Treatment, findings: Sequence[Finding]) -> None:
        if not findings:
            return
        self.print(f"  {treatment.value}: {len(findings)}", _STYLES[treatment.value])
        for f in findings:
            self.print(f"    {self.location(f)}: {f.code} {clean(f.message)}")
            for reason in f.reasons:
                if reason not in f.message:
                    self.print(f"      because {clean(reason)}")

    def _notes(self, notes: Sequence[Decision]) -> None:
        if notes:
            self.print(f"  by hand: {len(notes)}", "bold")
        for note in notes:
            self.print(f"    {self.path(note.path)}:{note.line}: {clean(note.action)}")

    def _write(self, stream: TextIO, text: str, style: str) -> None:
        if style and wants_color(stream, self._color):
            console = self._stderr if stream is sys.stderr else self._stdout
            console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            stream.write(text + "\n")

    @cached_property
    def _stdout(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def _stderr(self) -> Console:
        return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(file=stream, force_terminal=True, emoji=False, color_system="standard")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _bold(line: bytes) -> bytes:
    return b"\x1b[1m%s\x1b[0m\n" % line.rstrip(b"\n")


def _colored(line: bytes) -> bytes:
    for mark, color in _DIFF_COLORS:
        if line.startswith(mark):
            return b"\x1b[%sm%s\x1b[0m\n" % (color, line)
    return line + b"\n"
