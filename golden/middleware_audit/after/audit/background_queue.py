"""Background jobs: one queue for those of all requests, and a few workers."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, HTTPException

logger = logging.getLogger(__name__)


class JobQueue:
    """The jobs of the application: ``workers`` run at once, and ``maxsize`` wait.

    The lifespan of the application enters it, and on leaving it waits for what is
    left, for ``timeout`` seconds. Outside of a lifespan, and where ``in_place`` is set
    (in tests), FastAPI runs the jobs of a request right after its response.
    """

    def __init__(
        self, workers: int = 8, maxsize: int = 1000, timeout: float = 30.0
    ) -> None:
        self.workers = workers
        self.maxsize = maxsize
        self.timeout = timeout
        self.in_place = False
        self.running = self.done = self.failed = self.refused = 0
        self._reserved = 0
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: asyncio.Queue[tuple[BackgroundTasks, contextvars.Context]] = (
            asyncio.Queue()
        )
        self._workers: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """The number of requests whose jobs no worker has taken yet."""
        return self._jobs.qsize()

    def is_open(self) -> bool:
        """Whether jobs go to the workers."""
        return not self.in_place and self._loop is asyncio.get_running_loop()

    def reserve(self) -> None:
        """Keep a place for the jobs of a request, or answer it with status 503."""
        if self._closing or self._reserved + self.waiting >= self.maxsize:
            self.refused += 1
            raise HTTPException(
                503, "too many jobs are waiting", headers={"Retry-After": "1"}
            )
        self._reserved += 1

    def release(self) -> None:
        """Give the place of a request back."""
        self._reserved -= 1

    async def put(self, jobs: BackgroundTasks) -> None:
        """Hand over the jobs of a request; they run one after the other."""
        if not jobs.tasks:
            return
        if self._loop is None:  # closed in the meantime
            await jobs()
            return
        self._jobs.put_nowait((jobs, contextvars.copy_context()))

    async def join(self) -> None:
        """Wait until no job waits or runs."""
        await self._jobs.join()

    async def open(self) -> None:
        """Start the workers on the running event loop."""
        self._loop, self._closing = asyncio.get_running_loop(), False
        self._jobs = asyncio.Queue()
        self._workers = [asyncio.create_task(self._work()) for _ in range(self.workers)]

    async def close(self) -> None:
        """Refuse new requests, run what waits, and cancel what is not done in time."""
        self._closing = True
        joined = asyncio.create_task(self.join())
        await asyncio.wait({joined}, timeout=self.timeout)
        self._loop, self._closing = None, False
        for task in (joined, *self._workers):
            task.cancel()
        await asyncio.gather(joined, *self._workers, return_exceptions=True)
        if self.waiting:
            logger.error(
                "the jobs of %d requests were dropped at shutdown", self.waiting
            )

    async def __aenter__(self) -> JobQueue:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def _work(self) -> None:
        while True:
            jobs, context = await self._jobs.get()
            self.running += 1
            try:
                await self._run(jobs, context)
            finally:
                self.running -= 1
                self._jobs.task_done()

    async def _run(self, jobs: BackgroundTasks, context: contextvars.Context) -> None:
        names = ", ".join(
            getattr(job.func, "__qualname__", repr(job.func)) for job in jobs.tasks
        )
        task = context.run(asyncio.create_task, jobs())
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            logger.error("cancelled at shutdown: %s", names)
            task.cancel()
            raise
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            self.failed += 1
            logger.error("background job failed, of: %s", names, exc_info=error)
        else:
            self.done += 1


class RequestJobs:
    """The jobs of one request, which run in their order when it has succeeded."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self.tasks = tasks

    async def add_task(
        self, func: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Add a job. A function that is not async runs in a thread."""
        self.tasks.add_task(func, *args, **kwargs)

    def add(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Add a job from a function that is not async."""
        self.tasks.add_task(func, *args, **kwargs)


job_queue = JobQueue()


async def request_jobs(background_tasks: BackgroundTasks) -> AsyncIterator[RequestJobs]:
    """Keep a place for the jobs of a request, and hand them over when it succeeded."""
    if not job_queue.is_open():
        yield RequestJobs(background_tasks)
        return
    job_queue.reserve()
    try:
        jobs = RequestJobs(BackgroundTasks())
        yield jobs
        await job_queue.put(jobs.tasks)
    finally:
        job_queue.release()


#: What a path operation or a dependency asks for: ``jobs: BackgroundQueue``.
BackgroundQueue = Annotated[RequestJobs, Depends(request_jobs)]
