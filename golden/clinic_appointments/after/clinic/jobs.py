"""What the service does by itself: the scheduler runs it in a thread."""

import asyncio
from datetime import date

from apscheduler.schedulers.background import BackgroundScheduler

from clinic import crud
from clinic.database import SessionLocal, unpooled_engine

scheduler = BackgroundScheduler()


@scheduler.scheduled_job("cron", hour=6, id="remind", kwargs={"day": date(2026, 1, 31)})
def remind_due(day: date | None = None) -> int:
    """Remind everybody whose appointment is that day, or today."""

    async def run() -> int:
        async with SessionLocal(bind=unpooled_engine()) as db:
            return await crud.remind(db, day or date.today())

    return asyncio.run(run())


def tell(text: str, times: int = 1) -> list[str]:
    told = []

    async def run() -> None:
        for _ in range(times):
            async with SessionLocal(bind=unpooled_engine()) as db:
                told.append(f"{text}: {await crud.busiest(db)}")

    asyncio.run(run())
    return told


scheduler.add_job(tell, "interval", hours=8, id="tell", args=["busiest"], kwargs={"times": 2})
