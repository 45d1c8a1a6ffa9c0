"""The modules that applications get, as text."""

from __future__ import annotations

_ROWS = '''
class Rows(Protocol):
    """What a streamed query gives: its rows, some at a time."""

    async def fetchmany(self) -> Sequence[Any]:
        """The next rows; none at the end."""

    async def close(self) -> None:
        """Read no further."""
'''

_UNDISTURBED = '''
async def _undisturbed(work: Awaitable[_T]) -> _T:
    """Wait for the database even if the client has gone: a query cut off costs its connection."""
    with anyio.CancelScope(shield=True):
        return await work


async def _resumed(
    first: bytes, chunks: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for chunk in chunks:
            yield chunk
    finally:
        await chunks.aclose()
'''

_JSON_HEAD = '''\
"""{title}"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import anyio
import fastapi
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter, ValidationError

_T = TypeVar("_T")

#: From 0.130 on, FastAPI has Pydantic write the JSON of a response model: 1e-7, not 1e-07.
WRITTEN_BY_PYDANTIC = tuple(map(int, fastapi.__version__.split(".")[:2])) >= (0, 130)

'''

_JSON_FUNCTION = '''

async def {function}(
    rows: Rows,
    model: Any = None,
    *,
    each: Callable[[Any], Any] | None = None,
    status_code: int = 200,
    **options: Any,
) -> StreamingResponse:
    """{what}

    ``model`` is the response model, a list type; ``each`` makes an item of a row, where it is not
    the row itself; ``options`` are those of the path operation without their prefix
    ``response_model_``. The first rows are read, validated and written before the answer starts,
    so that an error in them is answered like any other.
    """
    chunks = {generator}(rows, model, each, {{"by_alias": True}} | options)
    first = await chunks.__anext__()
    return StreamingResponse(_resumed(first, chunks), status_code, media_type="{media_type}")


async def {generator}(
    rows: Rows, model: Any, each: Callable[[Any], Any] | None, options: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
'''

_ARRAY_BODY = """\
    opening = b"["
    try:
        while part := await _undisturbed(rows.fetchmany()):
            items = part if each is None else [each(row) for row in part]
            yield opening + _json(items, model, options)[1:-1]
            opening = b","
            await anyio.sleep(0)  # here the stream ends where the client has gone
    finally:
        await _undisturbed(rows.close())
    yield b"[]" if opening == b"[" else b"]"

"""

_LINES_BODY = """\
    empty = True
    try:
        while part := await _undisturbed(rows.fetchmany()):
            items = part if each is None else [each(row) for row in part]
            yield b"".join(_json([item], model, options)[1:-1] + b"\\n" for item in items)
            empty = False
            await anyio.sleep(0)  # here the stream ends where the client has gone
    finally:
        await _undisturbed(rows.close())
    if empty:
        yield b""

"""

_JSON_TAIL = '''

def _json(part: Any, model: Any, options: dict[str, Any]) -> bytes:
    if model is None:
        return _dumped(jsonable_encoder(part))
    adapter = _adapter(model)
    try:
        valid = adapter.validate_python(part, from_attributes=True)
    except ValidationError as error:
        raise ResponseValidationError(
            [
                {**item, "loc": ("response", *item["loc"])}
                for item in error.errors(include_url=False)
            ],
            body=part,
        ) from error
    if WRITTEN_BY_PYDANTIC:
        return adapter.dump_json(valid, **options)
    return _dumped(adapter.dump_python(valid, mode="json", **options))


def _dumped(value: Any) -> bytes:
    """What Starlette's JSONResponse makes of a value."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")


@lru_cache(maxsize=None)
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)
'''


def _json(title: str, function: str, what: str, generator: str, media_type: str, body: str) -> str:
    head = _JSON_HEAD.format(title=title)
    start = _JSON_FUNCTION.format(
        function=function, what=what, generator=generator, media_type=media_type
    )
    return head + _ROWS + start + body + _UNDISTURBED + _JSON_TAIL


ARRAY = _json(
    "JSON arrays that are sent while their rows are read from the database.",
    "stream_json_array",
    "Answer with all rows as one JSON array, as FastAPI would write it.",
    "_array",
    "application/json",
    _ARRAY_BODY,
)

LINES = _json(
    "JSON Lines that are sent while their rows are read from the database.",
    "stream_json_lines",
    "Answer with all rows as JSON Lines, each written as FastAPI would write it.",
    "_lines",
    "application/jsonl",
    _LINES_BODY,
)

TEXT = (
    '''\
"""Text that is sent while its rows are read from the database."""

from __future__ import annotations

import io
from codecs import getincrementalencoder
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import anyio

_T = TypeVar("_T")

'''
    + _ROWS
    + '''

async def stream_written(
    rows: Rows, buffer: io.StringIO, write: Callable[[Any], object], encoding: str = "utf-8"
) -> AsyncGenerator[bytes, None]:
    """What is in ``buffer``, then what ``write`` puts there for each row, part by part.

    The first rows are read and written before this returns, so that an error in them is answered
    like any other.
    """

    def written(part: Sequence[Any]) -> str:
        for row in part:
            write(row)
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    chunks = _encoded(rows, written, written, encoding)
    return _resumed(await chunks.__anext__(), chunks)


async def stream_joined(
    rows: Rows,
    text: Callable[[Any], str],
    separator: str = "",
    *,
    before: str = "",
    after: str = "",
    encoding: str = "utf-8",
) -> AsyncGenerator[bytes, None]:
    """The texts of all rows with ``separator`` between them, part by part.

    The first rows are read and joined before this returns, so that an error in them is answered
    like any other.
    """

    def first(part: Sequence[Any]) -> str:
        return before + separator.join(map(text, part))

    def following(part: Sequence[Any]) -> str:
        return "".join(separator + text(row) for row in part)

    chunks = _encoded(rows, first, following, encoding, after)
    return _resumed(await chunks.__anext__(), chunks)


async def _encoded(
    rows: Rows,
    first: Callable[[Sequence[Any]], str],
    following: Callable[[Sequence[Any]], str],
    encoding: str,
    after: str = "",
) -> AsyncGenerator[bytes, None]:
    encoder = getincrementalencoder(encoding)()
    try:
        part = await _undisturbed(rows.fetchmany())
        yield encoder.encode(first(part))
        while part and (part := await _undisturbed(rows.fetchmany())):
            yield encoder.encode(following(part))
            await anyio.sleep(0)  # here the stream ends where the client has gone
    finally:
        await _undisturbed(rows.close())
    yield encoder.encode(after, final=True)

'''
    + _UNDISTURBED
)

OWN = '''\
"""Rows that are read by a session of their own, which is open until they are sent.

The FastAPI of this application closes the session of a request before a streamed answer is sent.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession


class OwnRows:
    """The rows of a query, with what has to be closed when they have been read."""

    def __init__(self, rows: Any, stack: AsyncExitStack) -> None:
        self._rows = rows
        self._stack = stack

    async def fetchmany(self) -> Sequence[Any]:
        """The next rows; none at the end."""
        found: Sequence[Any] = await self._rows.fetchmany()
        return found

    def mappings(self) -> OwnRows:
        """The rows as mappings."""
        return OwnRows(self._rows.mappings(), self._stack)

    def scalars(self) -> OwnRows:
        """The first value of each row."""
        return OwnRows(self._rows.scalars(), self._stack)

    async def close(self) -> None:
        """Read no further; the session ends."""
        async with self._stack:
            await self._rows.close()


async def own_rows(
    request: Request,
    dependency: Callable[[], Any],
    session: AsyncSession,
    read: Callable[[AsyncSession], Awaitable[Any]],
) -> OwnRows:
    """What ``read`` gives for a session that ``dependency`` opens, or what overrides it.

    ``session`` is that of the request, which gives its connection back first: requests that hold
    one while they wait for another could all wait for each other.
    """
    dependency = request.app.dependency_overrides.get(dependency, dependency)
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(_opened(dependency))
        if own is not session:
            await session.close()
        rows = await read(own)
        return OwnRows(rows, stack.pop_all())


@asynccontextmanager
async def _opened(dependency: Callable[[], Any]) -> AsyncGenerator[AsyncSession, None]:
    """The session that a dependency gives, closed as FastAPI would."""
    if inspect.isasyncgenfunction(dependency):
        async with asynccontextmanager(dependency)() as session:
            yield session
    elif inspect.isgeneratorfunction(dependency):
        with contextmanager(dependency)() as session:
            yield session
    else:
        given = dependency()
        yield (await given) if inspect.isawaitable(given) else given
'''

FILE = '''\
"""Files that are sent while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

PART = 1 << 16


def stream_file(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file, part by part; behind the last one the file is closed.

    A response that streams takes each part in a thread.
    """
    with file:
        while part := file.read(PART):
            yield part
'''

KEPT = '''\
"""Rows of a query that is read part by part, without those that a condition leaves out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio


class KeptRows:
    """The rows of a query for which ``keep`` gives something true."""

    def __init__(self, rows: Any, keep: Callable[[Any], object]) -> None:
        self._rows = rows
        self._keep = keep

    async def fetchmany(self) -> Sequence[Any]:
        """The next rows; none at the end."""
        while part := await self._rows.fetchmany():
            if kept := [row for row in part if self._keep(row)]:
                return kept
            await anyio.sleep(0)
        return []

    async def close(self) -> None:
        """Read no further."""
        await self._rows.close()
'''
