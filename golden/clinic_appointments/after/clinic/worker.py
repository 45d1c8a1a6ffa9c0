"""What cron starts each morning: ``python -m clinic.worker 2026-01-31``."""

import asyncio
import sys
from datetime import date

from clinic import crud
from clinic.database import SessionLocal


async def remind(day: date) -> int:
    db = SessionLocal()
    try:
        return await crud.remind(db, day)
    finally:
        await db.close()


if __name__ == "__main__":
    print(asyncio.run(remind(date.fromisoformat(sys.argv[1]))), "reminded")
