"""The flip: sync sessions become async ones, and with them everything that waits for them."""

from __future__ import annotations

from codemods.facts.census import database_calls
from codemods.findings import Code, Level
from codemods.passes.async_session.plan import DIFFERENCE, GAP, LEFT, WIDE, plan
from codemods.passes.async_session.reports import EXPORTED, POOLER
from codemods.passes.async_session.sessions.silenced import BRIDGED, CALL
from codemods.passes.async_session.suite.by_name import BY_NAME
from codemods.passes.async_session.suite.factories import FACTORY
from codemods.passes.base import Pass

DOCUMENTATION = """\
## What it does
Turns sync SQLAlchemy and SQLModel sessions into `AsyncSession`: every call that waits for the
database is awaited, every function that waits becomes `async def`, up to the path operations, the
dependencies, the tests and the entries of scripts. Engines, session factories, URLs, drivers,
manifests and the application's own tests follow. What `with` enters (a unit of work) is entered by
`async with`; what has an `__init__` that waits is made by `await Service.create(...)`.

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
a finding that says why. An `async def` path operation that has to stay sync becomes `def`, which
FastAPI gives a thread. So has what goes on loading relationships lazily (`LL304`): it stays sync,
or is run within `run_sync`.

An `async def` that blocked the event loop did everything in one go; with each `await` other
requests can come between. State in memory, and rows that are computed from what was read, are
reported where that matters (`LL405`). For rows the answer is `with_for_update()`; for memory an
`asyncio.Lock`, made in the lifespan: it guards one process only.

psycopg2 writes values into the SQL, the async drivers send them apart, with a type. What
PostgreSQL refuses then is rewritten: values of an expression that `GROUP BY` repeats, a tuple for
`IN` in a text, a string for a number, the classes and codes of psycopg2's errors. What can't be
is reported (`LL406`).

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
        Code(WIDE, "integer-too-wide", "A number that the driver refuses, where it was not found"),
        Code(GAP, "new-gap", "Other requests can come between what was done in one go"),
        Code(POOLER, "transaction-pooler", "A driver that prepares statements, behind a pooler"),
        Code(EXPORTED, "exported-name", "A name that others may import becomes async"),
        Code(FACTORY, "session-of-a-factory", "A library that makes objects gets an async session"),
        Code(BY_NAME, "fixture-by-name", "A test asks by name for a fixture that becomes async"),
        Code(DIFFERENCE, "driver-difference", "The async driver does something else, and why"),
    ),
    documentation=DOCUMENTATION,
    plan=plan,
    needs=("session-dependency", "modern-queries", "eager-loading"),
    heeds=("eager-loading",),
    census=database_calls,
)
