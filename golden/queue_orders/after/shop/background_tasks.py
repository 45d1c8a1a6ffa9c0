"""Work that goes on after its response: tasks that are held, logged and waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Background:
    """Tasks that nobody waits for until the application stops.

    The lifespan of the application enters it, and on leaving it waits for those that
    are still running. Where there is no lifespan, where ``in_place`` is set (in tests)
    and while ``limit`` tasks are running, work is done at once, and its errors raised.
    """

    def __init__(self, limit: int = 100, timeout: float = 30.0) -> None:
        self.limit = limit
        self.timeout = timeout
        self.in_place = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def running(self) -> int:
        """The number of tasks that are not done."""
        return len(self._tasks)

    async def run(self, *work: Awaitable[Any], name: str) -> None:
        """Start a task that does ``work``, one after the other; an error ends it."""
        if not self._takes():
            await _one_by_one(work)
            return
        self._hold(_one_by_one(work), name)

    async def start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Start a task in any case; while ``limit`` of them run, first wait for one's end."""
        while len(self._here()) >= self.limit:
            if asyncio.current_task() in self._tasks:
                break  # one that waited for the others could keep all of them
            await asyncio.wait(self._here(), return_when=asyncio.FIRST_COMPLETED)
        self._hold(work, name)

    async def join(self, timeout: float | None = None) -> None:
        """Wait until all tasks are done, at most ``timeout`` seconds."""
        if tasks := self._here():
            await asyncio.wait(tasks, timeout=timeout)

    async def open(self) -> None:
        """Let ``run`` start tasks on the running event loop."""
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        """Wait for the tasks, and cancel what is not done after ``timeout`` seconds."""
        self._loop = None
        await self.join(self.timeout)
        left = self._here()
        for task in left:
            logger.error("%s was cancelled at shutdown", task.get_name())
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def __aenter__(self) -> Background:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def _takes(self) -> bool:
        open_here = self._loop is asyncio.get_running_loop()
        return open_here and not self.in_place and len(self._tasks) < self.limit

    def _here(self) -> set[asyncio.Task[Any]]:
        """The tasks of the running event loop: a test can have several loops."""
        loop = asyncio.get_running_loop()
        return {task for task in self._tasks if task.get_loop() is loop}

    def _hold(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)  # the event loop itself holds its tasks weakly
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)


async def _one_by_one(work: tuple[Awaitable[Any], ...]) -> None:
    try:
        for one in work:
            await one
    finally:
        for one in work:
            if asyncio.iscoroutine(one):
                one.close()  # what stands behind an error was never started


background = Background()
