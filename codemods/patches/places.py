"""Where places of one code base are in another one, which an earlier or later pass left."""

from __future__ import annotations

import re
from dataclasses import replace

from codemods.findings import Finding
from codemods.passes.base import Decision
from codemods.patches.causes import Cause
from codemods.patches.diff import split_lines
from codemods.patches.lines import Block, changes, moved
from codemods.source import CodeBase

#: Places that a message or a reason names: ``app/main.py:12``, ``line 12`` of its own file.
_NAMED = re.compile(r"(?P<path>[\w./-]+\.pyi?):(?P<line>\d+)|\bline (?P<own>\d+)\b")


class Places:
    """Moves what was said of an ``old`` code base to the lines of a ``new`` one."""

    def __init__(self, old: CodeBase, new: CodeBase) -> None:
        self._old = old
        self._new = new
        self._known: dict[str, list[Block]] = {}

    def line(self, path: str, line: int) -> int:
        """Where a line is; the nearest where it is gone."""
        return moved(self.blocks(path), line)

    def blocks(self, path: str) -> list[Block]:
        """What differs in a file; a new one wholly."""
        if path not in self._known:
            old, new = self._old.files.get(path), self._new.files.get(path)
            if new is None or old is new:
                self._known[path] = []
            else:
                before = split_lines(old.to_bytes()) if old is not None else []
                self._known[path] = changes(before, split_lines(new.to_bytes()))
        return self._known[path]

    def finding(self, finding: Finding) -> Finding:
        """A finding, and the places that it names."""
        return replace(
            finding,
            line=self.line(finding.path, finding.line),
            message=self._said(finding.message, finding.path),
            reasons=self._all(finding.reasons, finding.path),
        )

    def decision(self, decision: Decision) -> Decision:
        """A decision, and the places that it names."""
        return replace(
            decision,
            line=self.line(decision.path, decision.line),
            action=self._said(decision.action, decision.path),
            reasons=self._all(decision.reasons, decision.path),
        )

    def moved(self, cause: Cause) -> Cause:
        """What is behind an edit: a finding, a decision, or what asked for it."""
        match cause:
            case Finding():
                return self.finding(cause)
            case Decision():
                return self.decision(cause)
        return replace(cause, line=self.line(cause.path, cause.line))

    def _all(self, reasons: tuple[str, ...], path: str) -> tuple[str, ...]:
        return tuple(self._said(reason, path) for reason in reasons)

    def _said(self, text: str, path: str) -> str:
        def named(found: re.Match[str]) -> str:
            if found["own"]:
                return f"line {self.line(path, int(found['own']))}"
            return f"{found['path']}:{self.line(found['path'], int(found['line']))}"

        return _NAMED.sub(named, text)


__all__ = ["Places"]
