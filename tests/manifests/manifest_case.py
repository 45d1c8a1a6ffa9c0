"""Small code bases for the tests of manifests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement

from codemods.manifests import ManifestEdits, require
from codemods.source import CodeBase, SourceFile

MODULE = "app/main.py"
ASYNC = "sqlalchemy[asyncio]"


def codebase(files: Mapping[str, str], target: str = "") -> CodeBase:
    every = {MODULE: "", **files}
    return CodeBase(
        Path("/nowhere"),
        {path: SourceFile(path, every[path]) for path in sorted(every)},
        target,
    )


def required(
    files: Mapping[str, str],
    *needed: str,
    replace: Mapping[str, str] | None = None,
    keep: tuple[str, ...] = (),
    dev: bool = False,
    near: str = MODULE,
    target: str = "",
) -> ManifestEdits:
    """Edit, and check that a second run changes nothing."""
    requirements = [Requirement(text) for text in needed]
    before = codebase(files, target)
    edits = require(before, near, requirements, replace=replace or {}, keep=keep, dev=dev)
    after = before.with_texts(edits.texts)
    again = require(after, near, requirements, replace=replace or {}, keep=keep, dev=dev)
    assert not again.texts
    assert not again.changes
    assert len(edits.changes) >= len(edits.texts)
    return edits


def text(path: str, before: str, *needed: str, **options: object) -> str:
    """The text of the one manifest at ``path`` afterwards."""
    edits = required({path: before}, *needed, **options)  # type: ignore[arg-type]
    assert set(edits.texts) <= {path}
    return edits.texts.get(path, before)
