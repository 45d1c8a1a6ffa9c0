"""What cron starts each morning: ``python -m clinic.worker 2026-01-31``."""

import sys
from datetime import date

from clinic import crud
from clinic.database import SessionLocal


def remind(day: date) -> int:
    db = SessionLocal()
    try:
        return crud.remind(db, day)
    finally:
        db.close()


if __name__ == "__main__":
    print(remind(date.fromisoformat(sys.argv[1])), "reminded")
