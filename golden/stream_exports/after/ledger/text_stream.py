"""Text that is sent while its rows are read from the database."""

from __future__ import annotations

import io
from codecs import getincrementalencoder
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import anyio

_T = TypeVar("_T")


class Rows(Protocol):
    """What a streamed query gives: its rows, some at a time."""

    async def fetchmany(self) -> Sequence[Any]:
        """The next rows; none at the end."""

    async def close(self) -> None:
        """Read no further."""


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
