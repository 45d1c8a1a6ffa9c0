"""Passes that look at one code base side by side, in as many processes as there are processors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Answer = TypeVar("Answer")

#: Fewer modules are read faster than a process is started.
FEW_MODULES = 300

#: What the processes ask, set before they are forked: it is inherited, not sent.
_questions: list[Callable[[], object]] = []


def answers(questions: Sequence[Callable[[], Answer]], modules: int, jobs: int = 0) -> list[Answer]:
    """What each of ``questions`` returns, in their order, which is that of asking.

    ``modules`` is the size of the code base, ``jobs`` the number of processes (0: one for each
    processor). Where processes can't be forked safely (macOS, Windows), all is asked here.
    """
    workers = min(jobs or os.cpu_count() or 1, len(questions))
    if workers < 2 or modules < FEW_MODULES or sys.platform != "linux":
        return [question() for question in questions]
    _questions[:] = questions
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
            waiting = [pool.submit(_ask, index) for index in range(len(questions))]
            return [future.result() for future in waiting]  # type: ignore[misc]
    finally:
        _questions.clear()


def _ask(index: int) -> object:
    return _questions[index]()
