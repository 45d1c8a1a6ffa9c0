"""Answers that need each other: each is found once, and a circle of them comes to an end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

#: How many answers may wait for each other. Deeper ones are unknown: so far down, what is found
#: depends on what was asked first, and real programs must not get there.
_DEPTH = 240
#: The calls of Python that so many answers take.
_FRAMES = 8000
_NO_LEVEL = _DEPTH * 2
_MISSING = object()

Answer = TypeVar("Answer")


class Evaluation:
    """Remembers answers by their key.

    An answer that is asked for while it is being looked for is unknown at that place. What was
    found with the help of such a gap holds only until the one that is waited for is there: asked
    again from outside of the circle it may know more. So it is kept for that long, and no longer.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, object] = {}
        self._levels: dict[Hashable, int] = {}
        #: Answers with a gap, and the outermost level that they wait for.
        self._gaps: dict[Hashable, tuple[Any, int]] = {}
        self._waiting: dict[int, list[Hashable]] = {}
        self._outermost = _NO_LEVEL

    def once(self, key: Hashable, look: Callable[[], Answer], unknown: Answer) -> Answer:
        """What ``look`` finds, remembered under ``key``; ``unknown`` where that is a circle."""
        known: Any = self._known.get(key, _MISSING)
        if known is not _MISSING:
            return known  # type: ignore[no-any-return]
        gap = self._gaps.get(key)
        if gap is not None:
            self._outermost = min(self._outermost, gap[1])
            return gap[0]  # type: ignore[no-any-return]
        level = len(self._levels)
        if key in self._levels or level > _DEPTH:
            self._outermost = min(self._outermost, self._levels.get(key, 0))
            return unknown
        return self._look(key, level, look)

    def _look(self, key: Hashable, level: int, look: Callable[[], Answer]) -> Answer:
        around, self._outermost = self._outermost, _NO_LEVEL
        self._levels[key] = level
        frames = sys.getrecursionlimit()
        if level == 0:
            # Only here: what is nested too deeply to be read is told by the usual limit.
            sys.setrecursionlimit(max(frames, _FRAMES))
        try:
            found = look()
        finally:
            if level == 0:
                sys.setrecursionlimit(frames)
            del self._levels[key]
            for waiting in self._waiting.pop(level, ()):
                self._gaps.pop(waiting, None)
            reached, self._outermost = self._outermost, around
        if reached >= level:
            self._known[key] = found
        else:
            self._gaps[key] = (found, reached)
            self._waiting.setdefault(reached, []).append(key)
            self._outermost = min(around, reached)
        return found
