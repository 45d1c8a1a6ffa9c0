"""The pass ``blocking-calls``: what blocks the event loop gets its async form or a thread."""

from __future__ import annotations

from codemods.findings import Level
from codemods.passes.base import Pass
from codemods.passes.blocking_calls import codes
from codemods.passes.blocking_calls.plan import plan

DOCUMENTATION = """\
## What it does
Finds calls that hold the thread of the event loop, in every `async def` and in the sync functions
that it calls: sleeping, HTTP clients, files, processes, password hashing, images, tables, database
drivers used by hand, locks and threads. `time.sleep` becomes `asyncio.sleep`; what can be done by
another thread as well goes through FastAPI's `run_in_threadpool`. A sync function of the
application becomes `async def`, and its callers await it, where all of them are on the loop and all
that blocks in it can wait there (a pause, a request); else it is called in a thread as a whole. So
is the end of a with statement that waits (mail, connections), and what collects an iterator that
reads the disk. A with statement that opens files becomes a function that a thread calls, the end of
the file included; so do statements that use the disk one after another, a loop over a folder, and
an answer of requests with `stream=True` up to where it is read: they change threads once. What
stands apart, or between what waits for something else, changes threads call by call.

Some calls have an async form that does the same. It is used where its library is there: a block
`with httpx.Client()` becomes `async with httpx.AsyncClient()`; where the application declares
anyio, paths and files become `anyio.Path` and `anyio.open_file`. With `--unsafe-fixes` it is
declared, and so are these: `requests.get` and `httpx.get` become `await http_client().get`, with a
client that the lifespan closes, errors caught around it by httpx's names, and the redirects and
timeouts that they had; `subprocess.run` becomes `anyio.run_process`; a `redis.Redis` or
`httpx.Client` of a module becomes one for each event loop.

## Why is this bad
While such a call waits, the event loop serves nobody: fifty requests that sleep for 50 ms each take
two and a half seconds instead of a twentieth of one.

## Example
```python
@app.post("/login")
async def login(form: LoginForm):
    user = users[form.name]
    if not bcrypt.checkpw(form.password.encode(), user.password):
        time.sleep(1)
        raise HTTPException(403)
```

## Use instead
```python
@app.post("/login")
async def login(form: LoginForm):
    user = users[form.name]
    if not await run_in_threadpool(bcrypt.checkpw, form.password.encode(), user.password):
        await asyncio.sleep(1)
        raise HTTPException(403)
```

## Fix safety
Safe, but for the async forms that have to be asked for (`looplift check --unsafe-fixes` says of
each what is different). Where an answer, an error or an argument is used in a way that the other
library does not have, the call keeps its thread. A call is given to a thread only where it does the
same there. Functions that touch the event loop, a session, an object of the ORM, a lock, a context
variable or something that other requests change stay where they are, and so does a call of a
library that can't be used by several threads at once. A new `await` lets other requests in: where
something shared is read before it and written after it, nothing is changed, and the finding says
where a lock would have to be held. Nor is anything changed while a sync database session is open,
or where a cancelled task cleans up.

To change threads costs some tenths of a millisecond. What the operating system has in memory (a
small file, whether a path exists) is read faster without; but the code does not tell how large a
file is, and a disk that is slow, or of another machine, stops all other requests. So all that may
reach a disk leaves the loop, as ruff asks for it, too, and consecutive calls leave it together. To
keep one there, silence its line (`# looplift: ignore[LL503]`), or all of them (`--ignore LL503`).
Work that holds Python's global lock (pandas, SQLite on its data in memory) gains nothing by a
thread but turns for the others. Measured with 50 requests at once: a file of 1 MiB, written to a
fast disk and removed, 960 requests per second on the loop, 530 by one thread for the block, 310 by
`anyio.open_file`, which changes threads call by call; a path 1,000, 650, and 790 by `anyio.Path`; a
table of 100,000 lines read by pandas 210 and 160.

## References
- [FastAPI: Concurrency and async / await](https://fastapi.tiangolo.com/async/)
- [Python: Developing with asyncio](https://docs.python.org/3/library/asyncio-dev.html)
"""

PASS = Pass(
    name=codes.NAME,
    order=50,
    summary="What blocks the event loop gets its async form or a thread.",
    level=Level.SAFE,
    codes=codes.CODES,
    documentation=DOCUMENTATION,
    plan=plan,
    subject="Keep the event loop free of blocking calls",
)
