from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .db import SessionLocal
from .models import Line, Room

if TYPE_CHECKING:
    from collections.abc import Callable


class Store(Protocol):
    async def lines(self, room_id: int) -> list[str]: ...

    async def say(self, room_id: int, text: str) -> int: ...


class DatabaseStore:
    def __init__(self, db: AsyncSession) -> None:
        self.db = db

    async def lines(self, room_id: int) -> list[str]:
        return list(await self.db.scalars(select(Line.text).where(Line.room_id == room_id).order_by(Line.id)))

    async def say(self, room_id: int, text: str) -> int:
        self.db.add(line := Line(room_id=room_id, text=text))
        await self.db.commit()
        return line.id


class Muted:
    def __init__(self, inner: Store, words: set[str]) -> None:
        self.inner = inner
        self.words = words

    async def lines(self, room_id: int) -> list[str]:
        return [line for line in await self.inner.lines(room_id) if not self.words & set(line.split())]

    async def say(self, room_id: int, text: str) -> int:
        return (
            -1
            if self.words & set(text.split())
            else await self.inner.say(room_id, text)
        )


async def last(
    store: Store, room_id: int, show: Callable[[str], str] = str
) -> str | None:
    found = await store.lines(room_id)
    return show(found[-1]) if found else None


async def batches(db: AsyncSession, size: int) -> AsyncIterator[list[str]]:
    lines = (await db.scalars(select(Line.text).order_by(Line.id))).all()
    for start in range(0, len(lines), size):
        yield list(lines[start : start + size])


async def everything(db: AsyncSession) -> AsyncIterator[str]:
    async for batch in batches(db, 2):
        for item in batch:
            yield item


async def count(db: AsyncSession, model: type) -> int:
    return await db.scalar(select(func.count()).select_from(model))


async def totals(db: AsyncSession) -> dict[str, int]:
    """Ran one after the other, for nothing in it ever waited."""
    rooms, lines = [await count(db, Room), await count(db, Line)]
    return {"rooms": rooms, "lines": lines}


async def room_names() -> list[str]:
    async with SessionLocal() as db:
        return list(await db.scalars(select(Room.name).order_by(Room.name)))


async def longest_line() -> int:
    async with SessionLocal() as db:
        return await db.scalar(select(func.max(func.length(Line.text)))) or 0


async def summary() -> dict:
    """Each part has a session of its own."""
    names, longest = await asyncio.gather(room_names(), longest_line())
    return {"names": names, "longest": longest}


async def counted() -> dict:
    async with asyncio.TaskGroup() as group:
        names = group.create_task(room_names())
        longest = group.create_task(asyncio.wait_for(longest_line(), 5))
    return {"rooms": len(names.result()), "longest": longest.result()}
