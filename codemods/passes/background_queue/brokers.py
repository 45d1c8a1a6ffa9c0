"""The modules for queues that outlive the process: taskiq on Redis, procrastinate on PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass

_HEAD = '''\
"""Background jobs on {broker}: requests hand them over, workers of their own run them."""

from __future__ import annotations

{standard}
from collections.abc import AsyncIterator, Callable{more}
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, HTTPException
from fastapi.concurrency import run_in_threadpool
{imports}

logger = logging.getLogger(__name__)

'''

_JOBS = '''

async def run_jobs(jobs: list[Any]) -> None:
    """Run the jobs of one request in a worker, one after the other; an error ends them."""
    for module, name, args, kwargs in jobs:
        job: Any = importlib.import_module(module)
        for part in name.split("."):
            job = getattr(job, part)
        result = await run_in_threadpool(job, *args, **kwargs)
        if hasattr(result, "__await__"):  # an async function: its work is on the loop
            await result


'''

_TAIL = '''

class JobQueue:
    """Hands the jobs of requests to the broker, as long as fewer than ``maxsize`` wait there.

    The lifespan of the application enters it. Outside of a lifespan, and where
    ``in_place`` is set (in tests), FastAPI runs the jobs right after the response.
    """

    def __init__(self, maxsize: int = 1000) -> None:
        self.maxsize = maxsize
        self.in_place = False
        self.refused = 0
        self._reserved = 0
        self._is_open = False

    def is_open(self) -> bool:
        """Whether jobs go to the broker."""
        return self._is_open and not self.in_place

    async def reserve(self) -> None:
        """Keep a place for the jobs of a request, or answer it with status 503."""
        if self._reserved + await waiting() >= self.maxsize:
            self.refused += 1
            raise HTTPException(
                503, "too many jobs are waiting", headers={"Retry-After": "1"}
            )
        self._reserved += 1

    def release(self) -> None:
        """Give the place of a request back."""
        self._reserved -= 1

    async def put(self, jobs: BackgroundTasks) -> None:
        """Hand the jobs of a request over; where the broker has gone, run them here."""
        if not jobs.tasks:
            return
        named: list[Any] = [
            [job.func.__module__, job.func.__qualname__, list(job.args), job.kwargs]
            for job in jobs.tasks
        ]
        try:
            await hand_over(named)
        except BROKER_ERRORS:
            logger.exception("the broker took no jobs, they run in this process")
            await jobs()

    async def open(self) -> None:
        """Connect to the broker."""
        await connect()
        self._is_open = True

    async def close(self) -> None:
        """Leave the broker; the jobs that it holds stay there."""
        self._is_open = False
        await disconnect()

    async def __aenter__(self) -> JobQueue:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


class RequestJobs:
    """The jobs of one request, which are handed over when it has succeeded."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self.tasks = tasks

    async def add_task(
        self, func: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Add a job: a function of a module, with arguments that JSON can hold."""
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
    await job_queue.reserve()
    try:
        jobs = RequestJobs(BackgroundTasks())
        yield jobs
        await job_queue.put(jobs.tasks)
    finally:
        job_queue.release()


#: What a path operation or a dependency asks for: ``jobs: BackgroundQueue``.
BackgroundQueue = Annotated[RequestJobs, Depends(request_jobs)]
'''

_TASKIQ = (
    """\
URL = os.environ.get("JOBS_REDIS_URL", "redis://localhost:6379/0")
BROKER_ERRORS = (RedisError, OSError)

#: ``taskiq worker`` is given this object. What a worker took and did not finish is taken again.
broker = RedisStreamBroker(URL, idle_timeout=600_000)
"""
    + _JOBS
    + '''\
_run_jobs = broker.register_task(run_jobs, task_name="run_jobs")


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def heed_signals(state: TaskiqState) -> None:
    """Let SIGTERM wake the event loop of a worker that has nothing to do.

    The handlers of taskiq leave it asleep until Redis answers, and to stop in that
    very moment is forgotten: the worker would go on for ever.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if callable(handler):
            with suppress(NotImplementedError):  # loops of Windows
                loop.add_signal_handler(number, handler, number, None)


async def connect() -> None:
    """Open the connections to Redis."""
    await broker.startup()


async def disconnect() -> None:
    """Close them."""
    await broker.shutdown()


async def waiting() -> int:
    """The number of requests whose jobs are not done."""
    async with Redis(connection_pool=broker.connection_pool) as redis:
        groups = await redis.xinfo_groups(broker.queue_name)
    return sum((group["lag"] or 0) + group["pending"] for group in groups)


async def hand_over(jobs: list[Any]) -> None:
    """Send the jobs of one request."""
    await _run_jobs.kiq(jobs)
'''
)

_PROCRASTINATE_HEAD = """\
#: Without it, the variables of libpq (PGHOST, PGDATABASE, ...) say where the database is.
URL = os.environ.get("JOBS_DATABASE_URL", "")
BROKER_ERRORS = (ConnectorException, OSError)

#: ``procrastinate --app`` is given this object.
broker = App(connector=PsycopgConnector(conninfo=URL))
"""

_PROCRASTINATE_CALLS = '''\
_run_jobs = broker.task(run_jobs, name="run_jobs")


async def connect() -> None:
    """Open the connections to PostgreSQL."""
    await broker.open_async()


async def disconnect() -> None:
    """Close them."""
    await broker.close_async()


async def waiting() -> int:
    """The number of requests whose jobs no worker has taken yet."""
    row = await broker.connector.execute_query_one_async(
        "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE status = 'todo'"
    )
    return int(row["jobs"])


async def hand_over(jobs: list[Any]) -> None:
    """Send the jobs of one request."""
    await _run_jobs.defer_async(jobs=jobs)
'''

_STANDARD = "import importlib\nimport logging\nimport os"
_TASKIQ_STANDARD = "import asyncio\nimport importlib\nimport logging\nimport os\nimport signal"
_TASKIQ_IMPORTS = """\
from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker"""

_PROCRASTINATE_IMPORTS = """\
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException"""


@dataclass(frozen=True)
class Broker:
    """A queue in another process: the module for it, what it needs, and what runs its jobs.

    ``{module}`` in ``commands`` is the module that is written.
    """

    text: str
    requirements: tuple[str, ...]
    commands: tuple[str, ...]


#: By the value of the option ``queue``.
BROKERS = {
    "taskiq": Broker(
        _HEAD.format(
            broker="Redis, by taskiq",
            standard=_TASKIQ_STANDARD,
            more="\nfrom contextlib import suppress",
            imports=_TASKIQ_IMPORTS,
        )
        + _TASKIQ
        + _TAIL,
        ("taskiq>=0.11", "taskiq-redis>=1.0"),
        ("taskiq worker {module}:broker",),
    ),
    "procrastinate": Broker(
        _HEAD.format(
            broker="PostgreSQL, by procrastinate",
            standard=_STANDARD,
            more="",
            imports=_PROCRASTINATE_IMPORTS,
        )
        + _PROCRASTINATE_HEAD
        + _JOBS
        + _PROCRASTINATE_CALLS
        + _TAIL,
        ("procrastinate>=3",),
        (
            "procrastinate --app={module}.broker schema --apply",
            "procrastinate --app={module}.broker worker",
        ),
    ),
}
