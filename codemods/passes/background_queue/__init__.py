"""The pass ``background-queue``: background work goes through one queue with a limit."""

from __future__ import annotations

from codemods.findings import Level
from codemods.passes.background_queue import codes
from codemods.passes.background_queue.plan import plan
from codemods.passes.base import Pass

DOCUMENTATION = """\
## What it does
Finds `BackgroundTasks.add_task` in path operations, dependencies and the functions that they
hand the list to, and tasks and threads that a path operation starts and forgets. They go
through one queue of the application: a few workers, a limit to what waits, a drain at shutdown.

## Why is this bad
Each request adds work, and nothing says how much of it there may be: under load thousands of
tasks compete for the same connections, threads and memory. A task that nobody holds can vanish,
its error is seen by nobody, and a shutdown drops it. Background tasks also keep the database
connection of their request until they are done.

## Example
```python
@app.post("/orders")
async def create_order(order: OrderIn, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_receipt, order.email)
    return {"status": "accepted"}
```

## Use instead
```python
@app.post("/orders")
async def create_order(order: OrderIn, background_tasks: BackgroundQueue):
    await background_tasks.add_task(send_receipt, order.email)
    return {"status": "accepted"}
```

`BackgroundQueue` is a dependency of a small module that is written into the application. It
keeps a place in the queue before the path operation begins; when the queue is full, the answer
is status 503 with `Retry-After`, and nothing was written yet. The jobs of a request are handed
over when it succeeded, never after an error; they run one after the other, and the first that
fails ends them, as before. `job_queue` has figures to watch: `waiting`, `running`, `done`,
`failed` and `refused`.

Outside of a lifespan (a `TestClient` that is not entered) FastAPI runs the jobs as it always
did, and a fixture has the application's tests do the same.

## Fix safety
Unsafe: a job may still wait when the client has its response, a full queue refuses requests,
and jobs of different requests share the workers. What is left, with the reason: jobs that are
given a session, an instance or the request, functions that never end, lists that are made by
hand or stored on an object, and tasks or threads that are followed by more than the `return`.
Each process has a queue of its own, in memory: one that is killed loses its jobs, as before.

With `--queue taskiq` or `--queue procrastinate` (or `queue = "taskiq"` in the configuration) the
same module hands the jobs of a request to Redis or to PostgreSQL, where they outlive the process;
`JOBS_REDIS_URL` or `JOBS_DATABASE_URL` says where that is, and the summary how a worker is started.
A worker imports what it runs by its name: a job has to be a function of a module, and its arguments
strings, numbers, booleans, None, or literal lists and dicts of those. Others are left. A full or
unreachable broker refuses a request before anything is written. Since FastAPI 0.118 jobs are handed
over right after the response was sent, and one that fails to arrive is run in the process.

## References
- [FastAPI: Background Tasks](https://fastapi.tiangolo.com/tutorial/background-tasks/)
- [taskiq: Getting started](https://taskiq-python.github.io/guide/getting-started.html)
- [procrastinate: Quickstart](https://procrastinate.readthedocs.io/en/stable/quickstart.html)
- [asyncio: Queues](https://docs.python.org/3/library/asyncio-queue.html)
"""

PASS = Pass(
    name=codes.NAME,
    order=80,
    summary="Background work goes through one queue with workers and a limit",
    level=Level.UNSAFE,
    codes=codes.CODES,
    documentation=DOCUMENTATION,
    plan=plan,
    subject="Put background work into one queue with a limit",
)
