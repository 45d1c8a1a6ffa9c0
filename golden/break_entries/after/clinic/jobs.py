import threading
from concurrent.futures import ThreadPoolExecutor

from apscheduler.schedulers.background import BackgroundScheduler

from . import service
from .db import sync_unit_of_work

scheduler = BackgroundScheduler()
scheduler.add_job(service.close_day, "cron", hour=23, id="close-day")
pool = ThreadPoolExecutor(max_workers=1)


@scheduler.scheduled_job("interval", hours=5, id="ping")
def ping():
    with sync_unit_of_work() as db:
        service.notify(db, "ping")


def log_in_thread(text: str) -> None:
    def work():
        with sync_unit_of_work() as db:
            service.notify(db, text)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def remind_all(patients: list[str]) -> list[int]:
    futures = [pool.submit(service.remind, patient) for patient in patients]
    return [future.result() for future in futures]


def remind_in_order(patients: list[str]) -> list[int]:
    with ThreadPoolExecutor(1) as one:
        return list(one.map(service.remind, patients))
