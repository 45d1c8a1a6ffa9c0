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
Finds path operations that answer with all rows of a `select()` without a limit, and sends these
rows while they are read: `AsyncSession.stream_scalars()` with `yield_per`, answered by a
`StreamingResponse`. So it does with

- lists of the rows, and lists that a comprehension or a loop makes of each row, or of some rows;
- text: CSV written into a `StringIO`, `"\\n".join(...)`, `json.dumps([...])`;
- files that are read whole into a response.

The functions that do it are written into the application as small modules: `json_stream.py`,
`text_stream.py`, `file_stream.py`, and `kept_rows.py` for lists of some rows.

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
for byte, and so are status, headers and the OpenAPI document: rows are validated and written by the
response model, with the options of the path operation, as the installed FastAPI does it. What
differs:

- A streamed answer has no `Content-Length`.
- The first rows are read, validated and written before the answer starts, so that what fails there
  is answered as before. An error behind them cuts the body off, with the status already sent.
- The session, its connection and its transaction are held until the client has received the last
  byte: slow clients can use up the pool. On SQLite without a write-ahead log nobody can write
  meanwhile: a commit waits, and fails after the timeout of the driver (5 s).

FastAPI 0.106 to 0.117 closes the session of a request before a streamed answer is sent. Where the
requirements mean such a version, the rows get a session of their own (`own_session.py`), which the
same dependency opens, or what overrides it. They are left where the request has written by its
session before.

Where a middleware writes behind `call_next` and the answer has to wait for it, list and text are
left if the database is SQLite, or can be, without a write-ahead log (`PRAGMA journal_mode=WAL` in
the code says that there is one): each would wait for the other. What `middleware-tasks` has made a
task of is no such write.

A middleware that takes the first part of a body for all of it (JSON read from `message["body"]` of
an ASGI message, or from the first item of `body_iterator`) keeps every answer as it is.

Where an engine of the application has the isolation level AUTOCOMMIT and the database is, or can
be, PostgreSQL, list and text are left: a cursor needs a transaction there.

NaN and infinity are no JSON: without a response model, and below FastAPI 0.130, they are an error,
which would come after the answer began. Lists with floats are left there, unless `include` (below)
names the path operation.

Left as they are, with a finding where a list would have been converted: lists that are used for
anything but the answer, rows that need `unique()`, path operations with a response class of their
own, with headers or a status set on an injected `Response`, with decorators of others, or called
directly, applications with Pydantic below 2; text with a last line or a sum, or whose loop waits.
So are lists that a module has computed already, and text that a helper of the application joins.
Lists with `limit`, `offset` or a filter on a unique column are not mentioned. Data frames are
found and reported: chunks of `read_sql` can have other types than the whole, and so other text.

`[tool.looplift.streaming]` has

- `include` and `exclude`: patterns of the names of path operations, or of the paths in their
  decorators, that are meant;
- `threshold`: a limit of so many rows or more, known from the code, is none;
- `format`: `array`, or `jsonl` (`--stream-format jsonl`), which sends lists as JSON Lines: another
  body and media type, so that clients have to change too.

## References
- [FastAPI: Custom Response, StreamingResponse](https://fastapi.tiangolo.com/advanced/custom-response/#streamingresponse)
- [SQLAlchemy: Fetching Large Result Sets with Yield Per](https://docs.sqlalchemy.org/en/20/orm/queryguide/api.html#fetching-large-result-sets-with-yield-per)
"""
