from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import func, select

from .db import SessionLocal
from .models import Line, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session


class Store(Protocol):
    def lines(self, room_id: int) -> list[str]: ...

    def say(self, room_id: int, text: str) -> int: ...


class DatabaseStore:
    def __init__(self, db: Session) -> None:
        self.db = db

    def lines(self, room_id: int) -> list[str]:
        return list(self.db.scalars(select(Line.text).where(Line.room_id == room_id).order_by(Line.id)))

    def say(self, room_id: int, text: str) -> int:
        self.db.add(line := Line(room_id=room_id, text=text))
        self.db.commit()
        return line.id


class Muted:
    def __init__(self, inner: Store, words: set[str]) -> None:
        self.inner = inner
        self.words = words

    def lines(self, room_id: int) -> list[str]:
        return [line for line in self.inner.lines(room_id) if not self.words & set(line.split())]

    def say(self, room_id: int, text: str) -> int:
        return -1 if self.words & set(text.split()) else self.inner.say(room_id, text)


def last(store: Store, room_id: int, show: Callable[[str], str] = str) -> str | None:
    found = store.lines(room_id)
    return show(found[-1]) if found else None


def batches(db: Session, size: int) -> Iterator[list[str]]:
    lines = db.scalars(select(Line.text).order_by(Line.id)).all()
    for start in range(0, len(lines), size):
        yield list(lines[start : start + size])


def everything(db: Session) -> Iterator[str]:
    for batch in batches(db, 2):
        yield from batch


async def count(db: Session, model: type) -> int:
    return db.scalar(select(func.count()).select_from(model))


async def totals(db: Session) -> dict[str, int]:
    """Ran one after the other, for nothing in it ever waited."""
    rooms, lines = await asyncio.gather(count(db, Room), count(db, Line))
    return {"rooms": rooms, "lines": lines}


async def room_names() -> list[str]:
    with SessionLocal() as db:
        return list(db.scalars(select(Room.name).order_by(Room.name)))


async def longest_line() -> int:
    with SessionLocal() as db:
        return db.scalar(select(func.max(func.length(Line.text)))) or 0


async def summary() -> dict:
    """Each part has a session of its own."""
    names, longest = await asyncio.gather(room_names(), longest_line())
    return {"names": names, "longest": longest}


async def counted() -> dict:
    async with asyncio.TaskGroup() as group:
        names = group.create_task(room_names())
        longest = group.create_task(asyncio.wait_for(longest_line(), 5))
    return {"rooms": len(names.result()), "longest": longest.result()}
