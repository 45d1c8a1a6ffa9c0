import asyncio

from sqlalchemy.orm import Session

from clinic.database import SessionLocal
from clinic.models import Entry, Visit


async def record(text: str):
    db = SessionLocal()
    try:
        db.add(Entry(text=text))
        db.commit()
    finally:
        db.close()


async def remind(visit_id: int):
    db = SessionLocal()
    try:
        visit = db.get(Visit, visit_id)
        visit.state = "reminded"
        db.commit()
    finally:
        db.close()


async def cancel(db: Session, visit_id: int):
    visit = db.get(Visit, visit_id)
    visit.state = "cancelled"
    db.commit()


async def seen(path: str):
    # Called by path operations: nobody waits for it.
    asyncio.ensure_future(record(f"seen {path}"))


async def feed(events: asyncio.Queue):
    await record(f"fed {await events.get()}")
