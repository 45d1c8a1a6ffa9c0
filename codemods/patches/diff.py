"""Unified diffs as git writes them: bytes, with the paths relative to the root of the code base."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from codemods.patches.lines import Block, changes
from codemods.source import CodeBase, SourceFile

#: Unchanged lines around a change.
CONTEXT = 3

_NO_NEWLINE = b"\\ No newline at end of file\n"
_EMPTY_BLOB = b"index 0000000..e69de29\n"
_HEADING = re.compile(rb"[A-Za-z_@]")
_HEADING_LENGTH = 80
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


class PatchError(RuntimeError):
    """A patch that does not say what it should: a defect of looplift."""


@dataclass(frozen=True)
class FilePatch:
    """What changes in one file. ``header`` and ``hunks`` are bytes in the file's own encoding."""

    path: str
    header: bytes
    hunks: bytes
    added: int
    removed: int
    is_new: bool

    @property
    def data(self) -> bytes:
        """The whole patch of the file."""
        return self.header + self.hunks


@dataclass(frozen=True)
class Patch:
    """What changes between two code bases, file by file."""

    files: tuple[FilePatch, ...]

    @property
    def data(self) -> bytes:
        """What ``git apply`` takes."""
        return b"".join(file.data for file in self.files)

    @property
    def added(self) -> int:
        """How many lines are added."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """How many lines are removed."""
        return sum(file.removed for file in self.files)

    def __bool__(self) -> bool:
        return bool(self.files)


def make_patch(before: CodeBase, after: CodeBase) -> Patch:
    """The patch from ``before`` to ``after``, read again and compared before it is handed out."""
    files = tuple(_file_patch(old, new) for old, new in changed_files(before, after))
    for file in files:
        _verify(file)
    return Patch(files)


def changed_files(
    before: CodeBase, after: CodeBase
) -> Iterator[tuple[SourceFile | None, SourceFile]]:
    """The files that differ: as they were (None for a new one) and as they are."""
    for path, new in after.files.items():
        old = before.files.get(path)
        if old is not new and (old is None or old != new):
            yield old, new


def _file_patch(old: SourceFile | None, new: SourceFile) -> FilePatch:
    old_lines = split_lines(old.to_bytes()) if old else []
    new_lines = split_lines(new.to_bytes())
    blocks = changes(old_lines, new_lines)
    return FilePatch(
        new.path,
        _header(new.path, old is None, bool(blocks)),
        b"".join(_hunks(old_lines, new_lines, blocks)),
        sum(block.new_end - block.new_start for block in blocks),
        sum(block.old_end - block.old_start for block in blocks),
        old is None,
    )


def split_lines(data: bytes) -> list[bytes]:
    r"""Lines with their ends, cut at ``\n`` only: a form feed or a lone ``\r`` ends none."""
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _header(path: str, is_new: bool, has_hunks: bool) -> bytes:
    old, new = quoted("a/" + path), quoted("b/" + path)
    header = b"diff --git %s %s\n" % (old, new)
    if is_new:
        header += b"new file mode 100644\n"
    if not has_hunks:
        return header + _EMPTY_BLOB
    # As git does it: a tab shows other readers where a name with blanks ends.
    tab = b"\t" if b" " in old else b""
    return header + b"--- %s\n+++ %s\n" % (b"/dev/null" if is_new else old + tab, new + tab)


def quoted(name: str) -> bytes:
    """A file name as git writes it in a patch: quoted only where it has to be."""
    data = name.encode("utf-8", "surrogateescape")
    readable = _is_utf8(data)
    if readable and not any(byte < 32 or byte in (34, 92, 127) for byte in data):
        return data
    escaped = (
        f"\\{_ESCAPES[byte]}"
        if byte in _ESCAPES
        else f"\\{byte:03o}"
        if byte < 32 or byte > 126
        else chr(byte)
        for byte in data
    )
    return f'"{"".join(escaped)}"'.encode("ascii")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _hunks(old: Sequence[bytes], new: Sequence[bytes], blocks: Sequence[Block]) -> Iterator[bytes]:
    heading, scanned = b"", 0
    for group in _groups(blocks):
        start = max(group[0].old_start - CONTEXT, 0)
        shift = group[0].new_start - group[0].old_start
        end = min(group[-1].old_end + CONTEXT, len(old))
        new_end = group[-1].new_end + end - group[-1].old_end
        heading = _heading(old, scanned, start) or heading
        scanned = start
        counts = b"@@ -%s +%s @@" % (_range(start, end), _range(start + shift, new_end))
        yield counts + (b" " + heading if heading else b"") + b"\n"
        yield from _body(old, new, group, start, end)


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        if group and block.old_start - group[-1].old_end > 2 * CONTEXT:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _body(
    old: Sequence[bytes], new: Sequence[bytes], group: Sequence[Block], start: int, end: int
) -> Iterator[bytes]:
    place = start
    for block in group:
        yield from _marked(b" ", old[place : block.old_start])
        yield from _marked(b"-", old[block.old_start : block.old_end])
        yield from _marked(b"+", new[block.new_start : block.new_end])
        place = block.old_end
    yield from _marked(b" ", old[place:end])


def _marked(mark: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + line if line.endswith(b"\n") else mark + line + b"\n" + _NO_NEWLINE


def _range(start: int, end: int) -> bytes:
    length = end - start
    first = start + 1 if length else start
    return b"%d" % first if length == 1 else b"%d,%d" % (first, length)


def _heading(lines: Sequence[bytes], start: int, end: int) -> bytes:
    """The last line before ``end`` that begins at the margin: which function a hunk is in."""
    for index in range(end - 1, start - 1, -1):
        if _HEADING.match(lines[index]):
            # Cutting may have split the last character.
            cut = lines[index].rstrip()[:_HEADING_LENGTH]
            return cut.decode("utf-8", "ignore").encode()
    return b""


def _verify(file: FilePatch) -> None:
    """Read a patch as others would, and compare what they would see."""
    if not file.hunks:
        return
    start = file.header.index(b"--- ")
    lines = (file.header[start:] + file.hunks).decode("latin-1").split("\n")
    try:
        patch = PatchSet([line + "\n" for line in lines[:-1]], metadata_only=True)
        seen = [(part.added, part.removed) for part in patch]
    except UnidiffParseError as error:
        raise PatchError(f"the patch of {file.path} cannot be read again: {error}") from error
    if seen != [(file.added, file.removed)]:
        raise PatchError(f"the patch of {file.path} does not count its lines right")
