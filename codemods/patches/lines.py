"""The difference of two lists of lines, fast also where ``difflib`` is quadratic.

Lines that occur once on both sides are anchors (the patience algorithm). Only what lies between
anchors goes through ``difflib``, and only where it is small.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

#: Larger gaps without an anchor are replaced as a whole (lines of one side times the other's).
MAX_PRODUCT = 250_000


class Block(NamedTuple):
    """Lines ``old[old_start:old_end]`` that became ``new[new_start:new_end]``."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def changes(old: Sequence[bytes], new: Sequence[bytes]) -> list[Block]:
    """The blocks that differ, in order, never touching one another."""
    merged: list[Block] = []
    for block in sorted(_changes(old, new)):
        last = merged[-1] if merged else None
        if last and (last.old_end, last.new_end) == (block.old_start, block.new_start):
            merged[-1] = Block(last.old_start, block.old_end, last.new_start, block.new_end)
        else:
            merged.append(block)
    ends = [*(block.old_start for block in merged[1:]), len(old) + 1]
    return [_slid(old, new, block, end) for block, end in zip(merged, ends, strict=False)]


def _slid(old: Sequence[bytes], new: Sequence[bytes], block: Block, end: int) -> Block:
    """As far down as it goes where there is a choice: a new function then begins with ``def``."""
    start, old_end, new_start, new_end = block
    if start != old_end and new_start != new_end:
        return block
    lines, first, last = (old, start, old_end) if start != old_end else (new, new_start, new_end)
    steps = 0
    while old_end + steps + 1 < end and lines[first + steps] == lines[last + steps]:
        steps += 1
    return Block(start + steps, old_end + steps, new_start + steps, new_end + steps)


def _changes(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[Block]:
    pending = [Block(0, len(old), 0, len(new))]
    while pending:
        block = _trimmed(old, new, pending.pop())
        if block.old_start == block.old_end or block.new_start == block.new_end:
            if block.old_start != block.old_end or block.new_start != block.new_end:
                yield block
        elif anchors := _anchors(old, new, block):
            pending.extend(_between(block, anchors))
        else:
            yield from _small(old, new, block)


def _trimmed(old: Sequence[bytes], new: Sequence[bytes], block: Block) -> Block:
    """Without the lines that are equal at both ends."""
    start, end, new_start, new_end = block
    while start < end and new_start < new_end and old[start] == new[new_start]:
        start, new_start = start + 1, new_start + 1
    while start < end and new_start < new_end and old[end - 1] == new[new_end - 1]:
        end, new_end = end - 1, new_end - 1
    return Block(start, end, new_start, new_end)


def _anchors(old: Sequence[bytes], new: Sequence[bytes], block: Block) -> list[tuple[int, int]]:
    """Pairs of equal lines that are unique on both sides, in the order of both."""
    unique_old = _unique(old, block.old_start, block.old_end)
    unique_new = _unique(new, block.new_start, block.new_end)
    pairs = [(place, unique_new[line]) for line, place in unique_old.items() if line in unique_new]
    return _longest_increasing(pairs)


def _unique(lines: Sequence[bytes], start: int, end: int) -> dict[bytes, int]:
    counts = Counter(lines[start:end])
    return {lines[i]: i for i in range(start, end) if counts[lines[i]] == 1}


def _longest_increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    tops: list[int] = []  # the smallest end of a chain of each length
    chains: list[int] = []  # which pair that end is
    previous: list[int] = []
    for index, (_, place) in enumerate(pairs):
        length = bisect_left(tops, place)
        previous.append(chains[length - 1] if length else -1)
        tops[length : length + 1] = [place]
        chains[length : length + 1] = [index]
    found, index = [], chains[-1] if chains else -1
    while index >= 0:
        found.append(pairs[index])
        index = previous[index]
    return found[::-1]


def _between(block: Block, anchors: list[tuple[int, int]]) -> Iterator[Block]:
    old_start, new_start = block.old_start, block.new_start
    for old_place, new_place in [*anchors, (block.old_end, block.new_end)]:
        yield Block(old_start, old_place, new_start, new_place)
        old_start, new_start = old_place + 1, new_place + 1


def _small(old: Sequence[bytes], new: Sequence[bytes], block: Block) -> Iterator[Block]:
    start, end, new_start, new_end = block
    if (end - start) * (new_end - new_start) > MAX_PRODUCT:
        yield block
        return
    matcher = SequenceMatcher(None, old[start:end], new[new_start:new_end], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            yield Block(start + i, start + j, new_start + k, new_start + m)


def moved(blocks: Sequence[Block], line: int) -> int:
    """Where line ``line`` (from 1) of the old text is in the new one; the nearest if it is gone."""
    index, shift = line - 1, 0
    for block in blocks:
        if index < block.old_start:
            break
        if index < block.old_end:
            last = max(block.new_end - 1, block.new_start)
            return min(block.new_start + index - block.old_start, last) + 1
        shift = block.new_end - block.old_end
    return line + shift
