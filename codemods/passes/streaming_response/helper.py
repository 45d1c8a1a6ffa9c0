"""The module that the application gets, and the name by which its modules import it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.modules import Module

MODULE = "json_stream"
FUNCTION = "stream_json_array"

TEXT = '''\
"""JSON arrays that are sent while their rows are read from the database."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable
from functools import lru_cache
from typing import Any, TypeVar

import anyio
import fastapi
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncMappingResult, AsyncResult, AsyncScalarResult

_T = TypeVar("_T")

#: From 0.130 on, FastAPI has Pydantic write the JSON of a response model: 1e-7, not 1e-07.
WRITTEN_BY_PYDANTIC = tuple(map(int, fastapi.__version__.split(".")[:2])) >= (0, 130)


async def stream_json_array(
    rows: AsyncResult[Any] | AsyncScalarResult[Any] | AsyncMappingResult,
    model: Any = None,
    *,
    status_code: int = 200,
    **options: Any,
) -> StreamingResponse:
    """Answer with all rows as one JSON array, as FastAPI would write it.

    ``model`` is the response model, a list type; ``options`` are those of the path operation
    without their prefix ``response_model_``. The first rows are read, validated and written before
    the answer starts, so that an error in them is answered like any other.
    """
    chunks = _array(rows, model, {"by_alias": True} | options)
    first = await chunks.__anext__()
    return StreamingResponse(_resumed(first, chunks), status_code, media_type="application/json")


async def _array(
    rows: AsyncResult[Any] | AsyncScalarResult[Any] | AsyncMappingResult,
    model: Any,
    options: dict[str, Any],
) -> AsyncGenerator[bytes, None]:
    opening = b"["
    try:
        while part := await _undisturbed(rows.fetchmany()):
            yield opening + _json(part, model, options)[1:-1]
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
'''


class Placement:
    """Where the helper stands, in the folder of ``anchor``, and how others import it."""

    def __init__(self, program: Program, anchor: Module) -> None:
        self.program = program
        self.folder = anchor.folder
        self.path = f"{anchor.folder}/{MODULE}.py".lstrip("/")

    @property
    def is_free(self) -> bool:
        """Whether the path holds nothing, or the helper of an earlier run."""
        files = self.program.codebase.files
        return self.path not in files or files[self.path].text == TEXT

    def spelling(self, module: Module) -> str | None:
        """The dotted name by which ``module`` imports the helper; None where that is not known."""
        roots = set()
        for name, target in _imported(module, self.program):
            if target.folder == self.folder and not name.endswith("."):
                stem = name if target.is_package else name.rpartition(".")[0]
                dots = "." * (len(name) - len(name.lstrip(".")))
                if not target.is_package and not stem.strip("."):
                    return f"{dots}{MODULE}"
                return f"{stem}.{MODULE}"
            if target.folder == self.folder:
                return f"{name}{MODULE}"
            roots |= _roots(name, target)
        if module.folder == self.folder == "":
            return MODULE
        if found := self._from_root(roots) or self._as_others():
            return found
        is_package = f"{self.folder}/__init__.py" in self.program.codebase.files
        return f".{MODULE}" if module.folder == self.folder and is_package else None

    def _as_others(self) -> str | None:
        """By the ways in which the other modules of the program are imported."""
        roots: set[str] = set()
        for other in self.program.modules.mentioning((self.folder.rpartition("/")[2],)):
            for name, target in _imported(other, self.program):
                roots |= _roots(name, target)
        return self._from_root(roots)

    def _from_root(self, roots: set[str]) -> str | None:
        """The absolute name, seen from the one folder that imports start in."""
        fitting = {
            root for root in roots if f"{self.folder}/".startswith(f"{root}/" if root else "")
        }
        if len(fitting) != 1:
            return None
        inner = self.folder.removeprefix(fitting.pop()).strip("/")
        return ".".join([*filter(None, inner.split("/")), MODULE])


def _imported(module: Module, program: Program) -> Iterator[tuple[str, Module]]:
    """The imports of modules of the code base, with the dots of relative ones."""
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.ImportFrom):
            target = program.modules.resolve(module, statement.module or "", statement.level)
            if target is not None:
                yield "." * statement.level + (statement.module or ""), target
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                target = program.modules.resolve(module, alias.name, 0)
                if target is not None:
                    yield alias.name, target


def _roots(name: str, target: Module) -> set[str]:
    """The folder that an absolute import starts in."""
    if name.startswith("."):
        return set()
    stem = target.path.removesuffix(".py").removesuffix("/__init__")
    tail = name.replace(".", "/")
    if stem != tail and not stem.endswith("/" + tail):
        return set()
    return {stem[: len(stem) - len(tail)].rstrip("/")}
