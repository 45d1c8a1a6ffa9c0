"""Requirements that stand one on a line: requirements files and the lists of ``setup.cfg``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement

from codemods.manifests.model import AddExtras, Edit, Entry, Insert, Remove
from codemods.manifests.spelling import Spelling, bounded, plain

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_COMMENT = re.compile(r"(?:^|\s+)#.*$", re.DOTALL)
_OPTIONS = re.compile(r"\s+--?[a-z][\w-]*(?:[ =]|$)")
_INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s+|=)?\s*(?P<path>\S.*)")
_CONSTRAINT = re.compile(r"(?:-c|--constraint)(?:\s+|=)?\s*(?P<path>\S.*)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s+|=)\s*(?P<target>\S.*)")
_EGG = re.compile(r"[#&]egg=(?P<name>[A-Za-z0-9._-]+)(?P<extras>\[[^\]]*\])?")
_VIA = re.compile(r"[ \t]+#")


@dataclass(frozen=True)
class Item:
    """One requirement and the physical lines ``start`` to ``stop`` that hold it.

    Its text stands on the first of them, from column ``left`` to ``right``.
    """

    start: int
    stop: int
    left: int
    right: int
    spelling: Spelling
    hashed: bool = False
    editable: bool = True


@dataclass(frozen=True)
class Block:
    """What a run of lines declares, and the other files that it names."""

    items: tuple[Item, ...]
    includes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = field(default=())


def split(text: str) -> list[str]:
    """The lines of a text with their ends, which joined give the text again."""
    return _LINE.findall(text)


def read(lines: Sequence[str], first: int = 0) -> Block:
    """Read the requirements in ``lines``, of which the first is line ``first`` of the file."""
    items: list[Item] = []
    includes: list[str] = []
    constraints: list[str] = []
    for start, stop, text in _logical(lines):
        body = text.strip()
        if found := _INCLUDE.fullmatch(body):
            includes.append(_unquoted(found["path"]))
        elif found := _CONSTRAINT.fullmatch(body):
            constraints.append(_unquoted(found["path"]))
        elif found := _EDITABLE.fullmatch(body):
            target = _unquoted(found["target"])
            items += _egg(start, stop, target)
            if re.match(r"\.{1,2}(?:[/\[]|$)", target):
                includes.append(target.partition("[")[0])
        elif re.match(r"\.{1,2}(?:[/\[]|$)", body):
            includes.append(body.partition("[")[0])
        elif body and not body.startswith("-"):
            items += _item(lines, start, stop, text)
    entries = tuple(
        Entry(index, item.spelling, first + item.start + 1, item.hashed, item.editable)
        for index, item in enumerate(items)
    )
    return Block(tuple(items), tuple(includes), tuple(constraints), entries)


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")


def _logical(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Physical lines joined at their backslashes, without comments."""
    position = 0
    while position < len(lines):
        start = position
        text = lines[position].rstrip("\r\n")
        while text.endswith("\\") and position + 1 < len(lines):
            position += 1
            text = text[:-1] + lines[position].rstrip("\r\n")
        position += 1
        yield start, position, _COMMENT.sub("", text)


def _item(lines: Sequence[str], start: int, stop: int, text: str) -> list[Item]:
    options = _OPTIONS.search(text)
    body = text[: options.start()] if options else text
    spelling = Spelling.parse(body)
    if spelling is None:
        return _egg(start, stop, body.strip())
    left = len(body) - len(body.lstrip())
    right = len(body.rstrip())
    hashed = "--hash" in text
    whole = lines[start][left:right] == str(spelling)
    return [Item(start, stop, left, right, spelling, hashed, whole and not hashed)]


def _egg(start: int, stop: int, target: str) -> list[Item]:
    found = _EGG.search(target)
    if not found:
        return []
    spelling = Spelling(found["name"], found["extras"] or "", " @ " + target)
    return [Item(start, stop, 0, 0, spelling, False, False)]


def edit(lines: Sequence[str], change: Edit, *, frozen: bool, newline: str) -> list[str]:
    """The lines after one edit; ``frozen`` asks for upper bounds of what is new."""
    result = list(lines)
    items = read(lines).items
    if isinstance(change, Insert):
        return _insert(result, items, change, frozen, newline)
    item = items[change.index]
    if isinstance(change, Remove):
        del result[item.start : item.stop]
        if item.stop == len(lines) and result and not lines[-1].endswith(("\r", "\n")):
            result[-1] = result[-1].rstrip("\r\n")
        return result
    line = result[item.start]
    if isinstance(change, AddExtras):
        text = str(item.spelling.with_extras(change.extras))
    else:
        text = rendered(change.requirement, frozen) + item.spelling.marker
    result[item.start] = line[: item.left] + text + line[item.right :]
    return result


def rendered(requirement: Requirement, frozen: bool) -> str:
    """The text of a new requirement."""
    return bounded(requirement) if frozen else plain(requirement)


def _insert(
    lines: list[str], items: Sequence[Item], change: Insert, frozen: bool, newline: str
) -> list[str]:
    text = rendered(change.requirement, frozen)
    if not items:
        position = len(lines)
        while position and not lines[position - 1].strip():
            position -= 1
        indent = ""
    else:
        before = items[change.index - 1] if change.index else items[0]
        indent = lines[before.start][: before.left]
        position = before.stop if change.index else before.start
        while change.index and position < len(lines) and _is_via(lines[position], indent):
            position += 1
    if position == len(lines) and lines and not lines[-1].endswith(("\r", "\n")):
        lines[-1] += newline
        newline = ""
    lines.insert(position, indent + text + newline)
    return lines


def _is_via(line: str, indent: str) -> bool:
    """Whether a line is a comment that pip-compile sets under its requirement."""
    return not indent and bool(_VIA.match(line))
