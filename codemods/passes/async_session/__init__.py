"""The flip: sync sessions become async ones, and with them everything that waits for them."""

from __future__ import annotations

from codemods.findings import Code, Level
from codemods.passes.async_session.plan import LEFT, WIDE, plan
from codemods.passes.async_session.silenced import BRIDGED, CALL
from codemods.passes.base import Pass

DOCUMENTATION = """\
## What it does
Turns sync SQLAlchemy and SQLModel sessions into `AsyncSession`: every call that waits for the
database is awaited, every function that waits becomes `async def`, up to the path operations, the
dependencies, the tests and the entries of scripts. Engines, session factories, URLs, drivers,
manifests and the application's own tests follow.

## Why is this bad
A sync database call in an `async def` path operation blocks the event loop: no other request is
served until the database has answered. In a `def` path operation it holds one of forty threads.

## Example
```python
@app.get("/users/{user_id}")
async def read_user(user_id: int, db: Session = Depends(get_db)):
    return db.scalars(select(User).where(User.id == user_id)).first()
```

## Use instead
```python
@app.get("/users/{user_id}")
async def read_user(user_id: int, db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(User).where(User.id == user_id))).first()
```

## Fix safety
Safe: a function is converted together with everything that calls it, or not at all. What needs a
sync session is run through `AsyncSession.run_sync`; what can't be followed is left as it was, with
a finding that says why.

## References
- SQLAlchemy: *Asynchronous I/O (asyncio)*
- FastAPI: *Concurrency and async / await*
"""

PASS = Pass(
    name="async-session",
    order=40,
    summary="Sync sessions become async sessions, with everything that waits for them.",
    subject="Make sessions, and all that waits for them, async",
    level=Level.SAFE,
    codes=(
        Code(CALL, "blocking-database-call", "A database call that blocks its thread or the loop"),
        Code(BRIDGED, "bridged-database-call", "A database call that runs through run_sync"),
        Code(LEFT, "database-call-left", "A database call that stays sync, and why"),
        Code(WIDE, "integer-too-wide", "A number that asyncpg refuses, where it was not found"),
    ),
    documentation=DOCUMENTATION,
    plan=plan,
    needs=("session-dependency", "modern-queries", "eager-loading"),
)
