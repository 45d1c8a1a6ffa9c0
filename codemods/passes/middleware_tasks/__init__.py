"""The pass ``middleware-tasks``: the response does not wait for what it does not need."""

from __future__ import annotations

from codemods.findings import Level
from codemods.passes.base import Pass
from codemods.passes.middleware_tasks import codes
from codemods.passes.middleware_tasks.plan import plan

DOCUMENTATION = """\
## What it does
Finds work that a middleware awaits after `call_next` (or after the inner application, in a
pure ASGI middleware) although the response does not need it, and makes a task of it. The tasks
are held, named, logged when they fail, and waited for when the application stops. So are tasks
that middleware, dependencies and what they or path operations call start by `asyncio.create_task`
or `ensure_future` and hold nowhere; while a hundred are running, the next one has to wait.

## Why is this bad
The response of a middleware is sent when the middleware returns it. An access log or an audit
row that is written before the `return` is added to the latency of every request; when it fails,
so does a request that was answered already. `asyncio.create_task` alone is no better: the event
loop holds its tasks weakly, nobody sees their errors, and a shutdown drops them.

## Example
```python
@app.middleware("http")
async def log_requests(request: Request, call_next):
    response = await call_next(request)
    await log_request_to_db(request)
    return response
```

## Use instead
```python
@app.middleware("http")
async def log_requests(request: Request, call_next):
    response = await call_next(request)
    await background.run(
        log_request_to_db(values_of_request(request)), name="log_request_to_db"
    )
    return response
```

`background` is an object of a small module that is written into the application; its lifespan
enters it. Where a hundred tasks are running already it does the work at once, so that they can't
pile up. So it does outside of a lifespan (a `TestClient` that is not entered), and a fixture has
the application's tests do the same.

## Fix safety
Unsafe: the work may still go on when the client has its response, and its error no longer
becomes a status 500. Work stays where it is when its value is used, when a `try` would see its
error or a `with` surrounds it, when a later line may depend on it, when it raises an
`HTTPException`, or when it is given something that ends with the request: a session, an
instance, the body. So does what the middleware awaits before the request is passed on, such as a
check of a quota. Of the request itself only what is read from its scope may be used: the
task gets a copy of that, taken beforehand.
Statements next to one another become one task and keep their order; what different middleware
write may come in another order.

## References
- [Starlette: BaseHTTPMiddleware](https://www.starlette.io/middleware/#basehttpmiddleware)
- [asyncio: create_task](https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task)
"""

PASS = Pass(
    name=codes.NAME,
    order=60,
    summary="Work of a middleware that the response does not need becomes a task",
    level=Level.UNSAFE,
    codes=codes.CODES,
    documentation=DOCUMENTATION,
    plan=plan,
    subject="Run what follows the response as tasks that are kept",
)
