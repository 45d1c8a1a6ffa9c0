"""What cron starts each morning: ``python -m clinic.worker 2026-01-31``."""

import sys
from datetime import date

from sqlalchemy import select

from clinic.database import SyncSessionLocal
from clinic.models import Appointment


def remind(day: date) -> int:
    db = SyncSessionLocal()
    try:
        due = db.scalars(
            select(Appointment).where(Appointment.day == day, Appointment.reminded.is_(False))
        ).all()
        for appointment in due:
            appointment.reminded = True
        db.commit()
        return len(due)
    finally:
        db.close()


if __name__ == "__main__":
    print(remind(date.fromisoformat(sys.argv[1])), "reminded")
