from celery import Celery, shared_task

from . import service
from .db import SyncSessionLocal, sync_unit_of_work
from .models import Visit

celery = Celery("clinic", broker="memory://")
celery.conf.task_always_eager = True
celery.set_default()


@celery.task
def remind(patient: str) -> int:
    return service.remind(patient)


@celery.task(bind=True, max_retries=3)
def cancel(self, visit_id: int) -> str:
    with sync_unit_of_work() as db:
        visit = db.get(Visit, visit_id)
        if visit is None:
            return "unknown"
        visit.state = "cancelled"
        service.notify(db, f"cancelled {visit.patient}")
    return "cancelled"


@shared_task(name="clinic.total")
def total() -> int:
    with SyncSessionLocal() as db:
        return sum(service.counts(db).values())
