"""What the service does by itself: the scheduler runs it in a thread."""

from datetime import date

from apscheduler.schedulers.background import BackgroundScheduler

from clinic import crud
from clinic.database import SessionLocal

scheduler = BackgroundScheduler()


@scheduler.scheduled_job("cron", hour=6, id="remind", kwargs={"day": date(2026, 1, 31)})
def remind_due(day: date | None = None) -> int:
    """Remind everybody whose appointment is that day, or today."""
    with SessionLocal() as db:
        return crud.remind(db, day or date.today())


def tell(text: str, times: int = 1) -> list[str]:
    told = []
    for _ in range(times):
        with SessionLocal() as db:
            told.append(f"{text}: {crud.busiest(db)}")
    return told


scheduler.add_job(tell, "interval", hours=8, id="tell", args=["busiest"], kwargs={"times": 2})
