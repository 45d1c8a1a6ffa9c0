"""What routes, tasks, commands, threads and jobs have in common."""
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from .db import sync_unit_of_work
from .models import Message, Visit


async def book(db: AsyncSession, patient: str) -> Visit:
    visit = Visit(patient=patient)
    db.add(visit)
    await db.flush()
    return visit


def counts(db: Session) -> dict[str, int]:
    rows = db.execute(select(Visit.state, func.count(Visit.id)).group_by(Visit.state).order_by(Visit.state))
    return dict(rows.tuples().all())


def notify(db: Session, text: str) -> int:
    db.add(message := Message(text=text))
    db.flush()
    return message.id


def close_day() -> int:
    """Runs every evening, by the scheduler, by hand or from a route."""
    with sync_unit_of_work() as db:
        open_visits = db.scalars(select(Visit).where(Visit.state == "booked")).all()
        for visit in open_visits:
            visit.state = "missed"
        notify(db, f"{len(open_visits)} missed")
        return len(open_visits)


def remind(patient: str) -> int:
    with sync_unit_of_work() as db:
        return notify(db, f"remember, {patient}")
