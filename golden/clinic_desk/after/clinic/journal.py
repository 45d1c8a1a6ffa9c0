import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from clinic.background_tasks import background
from clinic.database import SessionLocal
from clinic.models import Entry, Visit


async def record(text: str):
    db = SessionLocal()
    try:
        db.add(Entry(text=text))
        await db.commit()
    finally:
        await db.close()


async def remind(visit_id: int):
    db = SessionLocal()
    try:
        visit = await db.get(Visit, visit_id)
        visit.state = "reminded"
        await db.commit()
    finally:
        await db.close()


async def cancel(db: AsyncSession, visit_id: int):
    visit = await db.get(Visit, visit_id)
    visit.state = "cancelled"
    await db.commit()


async def seen(path: str):
    # Called by path operations: nobody waits for it.
    await background.start(record(f"seen {path}"), name="record")


async def feed(events: asyncio.Queue):
    await record(f"fed {await events.get()}")
