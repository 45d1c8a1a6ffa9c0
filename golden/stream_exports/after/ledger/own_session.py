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
