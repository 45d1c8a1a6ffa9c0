"""The result of a whole check, kept until a file, an option or looplift itself changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from codemods import __version__
from codemods.findings import Finding, Level, Treatment
from codemods.project import Project, Report
from codemods.sinks.state import state_folder, write_atomically
from codemods.source import SourceError

_NAME = "check.json"


def cached_check(project: Project) -> Report:
    """``project.check()``, or what it said the last time of the very same input."""
    if not project.options.cache:
        return project.check()
    key = _key(project)
    folder = state_folder(project.codebase.root, create=False)
    found = _read(folder / _NAME, key) if folder else None
    if found is None:
        found = project.check()
        if folder := state_folder(project.codebase.root):
            data = json.dumps({"key": key, "report": asdict(found)}, default=lambda v: v.value)
            with contextlib.suppress(OSError):
                write_atomically(folder / _NAME, data.encode())
    return found


def _key(project: Project) -> str:
    """A hash of everything that the result depends on."""
    state = hashlib.blake2b(digest_size=32)
    options = replace(project.options, jobs=0, cache=True, origins=())
    codebase = project.codebase
    names = [rule.name for rule in project.selection.passes + project.selection.withheld]
    head = (__version__, sys.version, own_source(), options, codebase.target, names)
    state.update(repr(head).encode("utf-8", "surrogateescape"))
    state.update(repr(codebase.errors).encode("utf-8", "surrogateescape"))
    for path, file in codebase.files.items():
        state.update(f"\0{path}\0{file.digest}".encode("utf-8", "surrogateescape"))
    return state.hexdigest()


@cache
def own_source() -> str:
    """A hash of looplift's own modules, so that a development version is not mistaken."""
    state = hashlib.blake2b(digest_size=16)
    folder = Path(__file__).parent
    for module in sorted(folder.rglob("*.py")):
        state.update(module.relative_to(folder).as_posix().encode() + b"\0")
        state.update(module.read_bytes() + b"\0")
    return state.hexdigest()


def _read(location: Path, key: str) -> Report | None:
    """The report that is kept under ``key``; what cannot be read counts as nothing."""
    try:
        data = json.loads(location.read_bytes())
        if data["key"] != key:
            return None
        report = data["report"]
        return Report(
            tuple(_finding(item) for item in report["findings"]),
            tuple(SourceError(**item) for item in report["errors"]),
            int(report["withheld"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _finding(item: dict[str, Any]) -> Finding:
    return Finding(
        **{
            **item,
            "level": Level(item["level"]),
            "treatment": Treatment(item["treatment"]),
            "reasons": tuple(item["reasons"]),
        }
    )
