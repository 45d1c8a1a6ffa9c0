"""JSON arrays that are sent while their rows are read from the database."""

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


class Rows(Protocol):
    """What a streamed query gives: its rows, some at a time."""

    async def fetchmany(self) -> Sequence[Any]:
        """The next rows; none at the end."""

    async def close(self) -> None:
        """Read no further."""


async def stream_json_array(
    rows: Rows,
    model: Any = None,
    *,
    each: Callable[[Any], Any] | None = None,
    status_code: int = 200,
    **options: Any,
) -> StreamingResponse:
    """Answer with all rows as one JSON array, as FastAPI would write it.

    ``model`` is the response model, a list type; ``each`` makes an item of a row, where it is not
    the row itself; ``options`` are those of the path operation without their prefix
    ``response_model_``. The first rows are read, validated and written before the answer starts,
    so that an error in them is answered like any other.
    """
    chunks = _array(rows, model, each, {"by_alias": True} | options)
    first = await chunks.__anext__()
    return StreamingResponse(_resumed(first, chunks), status_code, media_type="application/json")


async def _array(
    rows: Rows, model: Any, each: Callable[[Any], Any] | None, options: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
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
