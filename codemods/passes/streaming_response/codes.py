"""The codes of the pass and its page."""

from __future__ import annotations

from codemods.findings import Code

NAME = "streaming-response"

LIST = Code("LL601", "unbounded-list", "A list without a limit that is loaded before it is sent")
TEXT = Code(
    "LL602",
    "whole-export",
    "A text of all rows, or a whole file, that is in memory before it is sent",
)
LEFT = Code("LL610", "unbounded-list-left", "A list without a limit that stays as it is, and why")
EXPORT = Code(
    "LL611", "export-in-memory", "An export that is put together in memory before it is sent; left"
)

CODES = (LIST, TEXT, LEFT, EXPORT)

DOCUMENTATION = """\
# streaming-response

## What it does
Finds `async def` path operations that return all rows of a `select()` without a limit, and sends
these rows while they are read: `AsyncSession.stream_scalars()` with `yield_per`, answered by a
`StreamingResponse`. The function that does it is written into the application as a small module,
`json_stream.py`.

## Why is this bad
The whole list is held in memory several times over (rows, objects, validated objects, text), and
in an `async def` path operation validation and JSON block the event loop for as long as they take:
200,000 rows cost hundreds of MiB and several seconds in which no other request is served.

## Example
```python
@app.get("/users", response_model=list[UserOut])
async def read_users(db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(User).order_by(User.id))).all()
```

## Use instead
```python
@app.get("/users", response_model=list[UserOut])
async def read_users(db: AsyncSession = Depends(get_db)):
    return await stream_json_array(
        await db.stream_scalars(select(User).order_by(User.id).execution_options(yield_per=500)),
        list[UserOut],
    )
```

## Fix safety
Unsafe: it runs with `--unsafe-fixes` or when it is selected by its name. The body is the same, byte
for byte, and the OpenAPI document too: the rows are validated and written by the response model,
with the options of the path operation, as the installed FastAPI does it. What differs:

- A streamed answer has no `Content-Length`.
- The first rows are read and validated before the answer starts, so that what fails there is
  answered as before. An error behind them cuts the body off, with the status already sent.
- The session, its connection and its transaction are held until the client has received the last
  byte: slow clients can use up the pool.

Left as they are, with a finding where a list would have been converted: lists with `limit`,
`offset` or a filter on a unique column, lists that are used for anything but the answer, rows
that need `unique()`, path operations with a response class of their own, with headers or a status
set on an injected `Response`, with decorators of others, or called directly, applications with
FastAPI below 0.118 (the session is closed before a streamed body is sent) or Pydantic below 2.

How long a list is at run time is not known here. `[tool.looplift.streaming]` says by `include` and
`exclude` which path operations are meant: patterns of their names or of the paths in their
decorators.

Exports that are put together in memory (text joined from rows, whole files, data frames) are found
and reported, and never changed.

## References
- [FastAPI: Custom Response, StreamingResponse](https://fastapi.tiangolo.com/advanced/custom-response/#streamingresponse)
- [SQLAlchemy: Fetching Large Result Sets with Yield Per](https://docs.sqlalchemy.org/en/20/orm/queryguide/api.html#fetching-large-result-sets-with-yield-per)
"""
