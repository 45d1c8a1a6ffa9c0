"""How much changes in which file, in the lines of ``git diff --stat``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from codemods.patches.diff import FilePatch, Patch, quoted

#: The columns that git takes where there is no terminal, and in a mail.
TERMINAL, MAIL = 80, 72

#: What stands around name, number and graph: " name | 12 ++--".
_FRAME = 6
_FEWEST_MARKS = 6
_FEWEST_NAME = 10


class _Widths(NamedTuple):
    name: int
    number: int
    graph: int


def diffstat(patch: Patch, width: int = TERMINAL) -> str:
    """A line for each file and the sum, as git prints them."""
    names = [quoted(file.path).decode("utf-8", "replace") for file in patch.files]
    most = max((file.added + file.removed for file in patch.files), default=0)
    widths = _widths(max(map(_columns, names), default=0), most, width)
    lines = [_line(name, file, widths, most) for name, file in zip(names, patch.files, strict=True)]
    return "".join(f"{line}\n" for line in (*lines, _sum(patch)))


def created(patch: Patch) -> str:
    """The files that come to be, as ``git diff --summary`` prints them."""
    names = (quoted(file.path).decode("utf-8", "replace") for file in patch.files if file.is_new)
    return "".join(f" create mode 100644 {name}\n" for name in names)


def _widths(longest: int, most: int, width: int) -> _Widths:
    """What name and graph get of ``width``: the graph first gives way, down to 3/8 of it."""
    number = len(str(most))
    width = max(width, _FEWEST_NAME + 2 * _FEWEST_MARKS + number)
    name, graph = longest, most
    if name + number + _FRAME + graph > width:
        graph = min(graph, max(width * 3 // 8 - number - _FRAME, _FEWEST_MARKS))
        room = width - number - _FRAME
        if name > room - graph:
            name = room - graph
        else:
            graph = room - name
    return _Widths(name, number, graph)


def _line(name: str, file: FilePatch, widths: _Widths, most: int) -> str:
    shown = _shortened(name, widths.name)
    padding = " " * (widths.name - _columns(shown))
    total = file.added + file.removed
    marks = "".join(_marks(file.added, file.removed, widths.graph, most))
    return f" {shown}{padding} | {total:>{widths.number}}{' ' if total else ''}{marks}"


def _marks(added: int, removed: int, width: int, most: int) -> Iterator[str]:
    if width <= most:
        total = _scaled(added + removed, width, most)
        if total < 2 and added and removed:
            total = 2
        if added < removed:
            added = _scaled(added, width, most)
            removed = total - added
        else:
            removed = _scaled(removed, width, most)
            added = total - removed
    yield "+" * added
    yield "-" * removed


def _scaled(count: int, width: int, most: int) -> int:
    return 1 + count * (width - 1) // most if count else 0


def _shortened(name: str, width: int) -> str:
    """The end of a name that is too long, from a slash on where there is one."""
    if _columns(name) <= width:
        return name
    room = max(width - 3, 0)
    while _columns(name) > room:
        name = name[1:]
    return "..." + name[max(name.find("/"), 0) :]


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _sum(patch: Patch) -> str:
    files = len(patch.files)
    parts = [f" {files} file{'s' * (files != 1)} changed"]
    if patch.added or not patch.removed:
        parts.append(f"{patch.added} insertion{'s' * (patch.added != 1)}(+)")
    if patch.removed or not patch.added:
        parts.append(f"{patch.removed} deletion{'s' * (patch.removed != 1)}(-)")
    return ", ".join(parts)
