"""Paths within a code base: relative to its root, with forward slashes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator


def folder(path: str) -> str:
    """The folder of a file; "" for the root."""
    return path.rpartition("/")[0]


def upward(path: str) -> Iterator[str]:
    """The folder of a file and all above it, the root ("") last."""
    current = folder(path)
    while current:
        yield current
        current = folder(current)
    yield ""


def joined(path: str, reference: str) -> str:
    """What ``reference`` means in the file ``path``."""
    return posixpath.normpath(posixpath.join(folder(path), reference.replace("\\", "/")))


def inside(base: str, name: str) -> str:
    """The path of ``name`` in the folder ``base``."""
    return f"{base}/{name}" if base else name
