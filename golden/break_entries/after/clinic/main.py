from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.ext.asyncio import AsyncSession

from . import jobs, service, worker
from .db import Base, engine, get_db
from .models import Message, Visit


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    jobs.scheduler.start(paused=True)
    yield
    jobs.scheduler.shutdown()
    await run_in_threadpool(jobs.pool.shutdown)
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
Db = Annotated[AsyncSession, Depends(get_db)]


@app.post("/visits", status_code=201)
async def book(patient: str, db: Db, tasks: BackgroundTasks):
    visit = await service.book(db, patient)
    await db.commit()
    tasks.add_task(service.remind, patient)
    return {"id": visit.id}


@app.get("/visits/{visit_id}")
async def read(visit_id: int, db: Db):
    visit = await db.get(Visit, visit_id)
    if visit is None:
        raise HTTPException(404, "No such visit")
    return {"patient": visit.patient, "state": visit.state}


@app.delete("/visits/{visit_id}")
def cancel(visit_id: int):
    return {"state": worker.cancel.delay(visit_id).get()}


@app.post("/close")
async def close():
    return {"missed": await run_in_threadpool(service.close_day)}


@app.post("/remind")
def remind(patients: list[str]):
    return {
        "pool": len(jobs.remind_all(patients)),
        "ordered": len(jobs.remind_in_order(patients)),
        "task": isinstance(worker.remind.delay(patients[0]).get(), int),
    }


@app.post("/log")
async def log(text: str, db: Db):
    await run_in_threadpool(jobs.log_in_thread, text)
    return {"last": (await db.get(Message, 1)).text}


@app.get("/total")
def total():
    return {"total": worker.total.delay().get()}


@app.get("/counts")
async def counts(db: Db):
    return await db.run_sync(service.counts)


@app.post("/jobs/{name}")
def run_job(name: str):
    job = jobs.scheduler.get_job(name)
    if job is None:
        raise HTTPException(404, "No such job")
    job.func()
    return {"ran": name}
