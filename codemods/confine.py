"""Edits stay in the part of the code base that the user named, or they are not made."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from codemods.edits.actions import FileEdits
from codemods.findings import Finding, Level, Treatment
from codemods.source import CodeBase, SourceError

if TYPE_CHECKING:
    from codemods.passes.base import Outcome, Pass

_NO_EDITS = FileEdits()


def confine(outcome: Outcome, rule: Pass, codebase: CodeBase) -> tuple[Outcome, SourceError | None]:
    """The outcome of a pass, without its edits where one of them lies outside of the target.

    What a pass changes belongs together: a half of it would not work. The error names the first
    file outside, and the wider path. So it does for the parts that the pass itself left for that.
    """
    outside = [path for path in _changed(outcome, codebase) if not codebase.editable(path)]
    if not outside:
        refused = list(outcome.outside)
        return outcome, _error(rule, refused, codebase, "a part of it") if refused else None
    why = f"it has to edit {outside[0]} too, outside of {codebase.target}"
    empty = replace(
        outcome,
        edits={},
        texts={},
        findings=tuple(_left(finding, why) for finding in outcome.findings),
        decisions=tuple(
            replace(decision, treatment=Treatment.LEFT.value, reasons=(why,))
            if decision.treatment in (Treatment.NATIVE.value, Treatment.BRIDGED.value)
            else decision
            for decision in outcome.decisions
        ),
    )
    return empty, _error(rule, outside, codebase, "it")


def _changed(outcome: Outcome, codebase: CodeBase) -> list[str]:
    edited = [path for path, edits in outcome.edits.items() if edits != _NO_EDITS]
    written = [
        path
        for path, text in outcome.texts.items()
        if path not in codebase or codebase[path].text != text
    ]
    return sorted({*edited, *written})


def _left(finding: Finding, why: str) -> Finding:
    if finding.treatment is Treatment.LEFT:
        return finding
    return replace(finding, treatment=Treatment.LEFT, level=Level.DISPLAY, reasons=(why,))


def _error(rule: Pass, outside: list[str], codebase: CodeBase, what: str) -> SourceError:
    wider = codebase.root / os.path.commonpath([codebase.target, *outside])
    if wider.is_file():
        wider = wider.parent
    others = f" (and {len(outside) - 1} more)" if len(outside) > 1 else ""
    return SourceError(
        outside[0],
        f"`{rule.name}` has to edit this file{others}, outside of {codebase.target}: "
        f"{what} is left out; give the wider path {wider}",
    )
