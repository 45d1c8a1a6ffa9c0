from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from sqlalchemy.orm import Session

from . import jobs, service, worker
from .db import Base, engine, get_db
from .models import Message, Visit


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(engine)
    jobs.scheduler.start(paused=True)
    yield
    jobs.scheduler.shutdown()
    jobs.pool.shutdown()


app = FastAPI(lifespan=lifespan)
Db = Annotated[Session, Depends(get_db)]


@app.post("/visits", status_code=201)
def book(patient: str, db: Db, tasks: BackgroundTasks):
    visit = service.book(db, patient)
    db.commit()
    tasks.add_task(service.remind, patient)
    return {"id": visit.id}


@app.get("/visits/{visit_id}")
async def read(visit_id: int, db: Db):
    visit = db.get(Visit, visit_id)
    if visit is None:
        raise HTTPException(404, "No such visit")
    return {"patient": visit.patient, "state": visit.state}


@app.delete("/visits/{visit_id}")
def cancel(visit_id: int):
    return {"state": worker.cancel.delay(visit_id).get()}


@app.post("/close")
def close():
    return {"missed": service.close_day()}


@app.post("/remind")
def remind(patients: list[str]):
    return {
        "pool": len(jobs.remind_all(patients)),
        "ordered": len(jobs.remind_in_order(patients)),
        "task": isinstance(worker.remind.delay(patients[0]).get(), int),
    }


@app.post("/log")
def log(text: str, db: Db):
    jobs.log_in_thread(text)
    return {"last": db.get(Message, 1).text}


@app.get("/total")
def total():
    return {"total": worker.total.delay().get()}


@app.get("/counts")
async def counts(db: Db):
    return service.counts(db)


@app.post("/jobs/{name}")
def run_job(name: str):
    job = jobs.scheduler.get_job(name)
    if job is None:
        raise HTTPException(404, "No such job")
    job.func()
    return {"ran": name}
