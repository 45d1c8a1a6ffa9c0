"""Coroutines that run side by side with one session."""

from __future__ import annotations

import pytest
from passes.async_session.providers_app import after, colours, migrated

TOTALS = """
import asyncio


async def count(db: Session, name: str):
    return db.scalar(text(name))


async def alone(name: str):
    with SessionLocal() as db:
        return db.scalar(text(name))


async def wait():
    await asyncio.sleep(0)


@app.get("/")
async def totals(db: Session = Depends(get_db)):
    PARTS
    return found


@app.get("/other")
async def other(db: Session = Depends(get_db)):
    return db.scalar(text("SELECT 1"))
"""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            "found = await asyncio.gather(count(db, 'a'), count(db, 'b'))",
            "found = [await count(db, 'a'), await count(db, 'b')]",
        ),
        (
            "a, b = found = await asyncio.gather(count(db, 'a'), count(db, 'b'))",
            "a, b = found = [await count(db, 'a'), await count(db, 'b')]",
        ),
        (
            "found = await asyncio.gather(alone('a'), alone('b'))",
            "found = await asyncio.gather(alone('a'), alone('b'))",
        ),
        (
            "found = await asyncio.gather(count(db, 'a'), wait())",
            "found = await asyncio.gather(count(db, 'a'), wait())",
        ),
        (
            "found = await asyncio.wait_for(count(db, 'a'), 3)",
            "found = await asyncio.wait_for(count(db, 'a'), 3)",
        ),
    ],
)
def test_parts_that_share_a_session_are_awaited_in_order(parts: str, expected: str) -> None:
    text = after(TOTALS.replace("PARTS", parts))
    assert f"    {expected}\n    return found" in text
    assert "return await db.scalar(text(name))" in text


@pytest.mark.parametrize(
    "parts",
    [
        "found = await asyncio.gather(*(count(db, n) for n in 'ab'))",
        "found = await asyncio.gather(count(db, 'a'), count(db, 'b'), return_exceptions=True)",
        "found = asyncio.create_task(count(db, 'a'))",
        "found = await asyncio.gather(count(db, 'a'), count(db, 'b'), wait())",
    ],
)
def test_what_can_not_be_put_in_order_stays(parts: str) -> None:
    body = TOTALS.replace("PARTS", parts)
    migration = migrated(body)
    assert "    " + parts in migration.after["app.py"].text
    assert colours(migration)["count"] == "left"
    assert colours(migration)["other"] == "native"


ALIAS = """
DB = SessionLocal


def give():
    db = DB()
    try:
        yield db
    finally:
        db.close()


def work():
    db = next(give())
    return db.scalar(text("SELECT 1"))


threading.Thread(target=work)


@app.get("/")
def read(db: Session = Depends(give)):
    return db.scalar(text("SELECT 1"))
"""


def test_an_alias_of_a_factory_is_kept_twice() -> None:
    text = after(ALIAS)
    assert "DB = SessionLocal\nSyncDB = SyncSessionLocal\n" in text
    assert "def sync_give():\n    db = SyncDB()\n" in text
    assert "    db = next(sync_give())" in text
    assert "async def give():\n    db = DB()\n" in text
