"""Reports for other programs: JSON with a version, paths relative to the root."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from codemods.edits.actions import Origin
from codemods.findings import Finding
from codemods.passes.base import Decision
from codemods.source import SourceError

if TYPE_CHECKING:
    from codemods.passes.base import Pass
    from codemods.patches import Patch
    from codemods.patches.hunks import Hunk, Reasons
    from codemods.patches.story import Chapter, Totals

#: Raised when a reader of the reports has to be changed.
VERSION = 1


def dump(data: dict[str, Any]) -> str:
    """A report as text."""
    return json.dumps({"version": VERSION, **data}, indent=2, ensure_ascii=True)


def finding(item: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "path": item.path,
        "line": item.line,
        "column": item.column,
        "code": item.code,
        "rule": item.rule,
        "message": item.message,
        "level": item.level.value,
        "treatment": item.treatment.value,
        "symbol": item.symbol,
        "reasons": list(item.reasons),
    }


def errors(items: Iterable[SourceError]) -> list[dict[str, Any]]:
    """The files that were passed over."""
    return [asdict(item) for item in items]


def chapter(item: Chapter) -> dict[str, Any]:
    """What one pass did."""
    return {
        "rule": item.rule.name,
        "files": files(item.patch),
        "findings": [finding(f) for f in item.findings],
        "notes": [asdict(note) for note in item.notes],
    }


def files(patch: Patch) -> list[dict[str, Any]]:
    """The files of a patch, with its counts."""
    return [
        {"path": f.path, "new": f.is_new, "added": f.added, "removed": f.removed}
        for f in patch.files
    ]


def explained(patch: Patch, reasons: Reasons) -> list[dict[str, Any]]:
    """The files of a patch, each hunk with what it comes from."""
    return [
        described | {"hunks": [hunk(item) for item in reasons.hunks(file)]}
        for described, file in zip(files(patch), patch.files, strict=True)
    ]


def hunk(item: Hunk) -> dict[str, Any]:
    """A hunk: its lines, the passes behind it, their level, and the chains of causes.

    ``follows`` is what else asked for it, in the same form: what the pass reports of other places,
    and ``origins``, which say why in words.
    """
    return {
        "old_start": item.old[0],
        "old_lines": item.old[1],
        "new_start": item.new[0],
        "new_lines": item.new[1],
        "rules": list(item.rules),
        "level": item.level.value,
        "findings": [finding(found) for found in item.findings],
        "decisions": [asdict(decision) for decision in item.decisions],
        "follows": {
            "findings": [finding(one) for one in item.follows if isinstance(one, Finding)],
            "decisions": [asdict(one) for one in item.follows if isinstance(one, Decision)],
            "origins": [asdict(one) for one in item.follows if isinstance(one, Origin)],
        },
    }


def plan(rule: Pass, decisions: Sequence[Decision]) -> dict[str, Any]:
    """What one pass decided."""
    return {"rule": rule.name, "decisions": [asdict(decision) for decision in decisions]}


def totals(item: Totals) -> dict[str, Any]:
    """How many places went which way."""
    return {
        "native": item.native,
        "bridged": item.bridged,
        "left": item.left,
        "share": round(item.share, 4),
    }


def rule(item: Pass) -> dict[str, Any]:
    """A pass: its codes and its page."""
    return {
        "name": item.name,
        "level": item.level.value,
        "summary": item.summary,
        "needs": list(item.needs),
        "codes": [asdict(code) for code in item.codes],
        "documentation": item.documentation.strip(),
    }
