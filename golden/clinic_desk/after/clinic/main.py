import asyncio
import hashlib
import threading
import time
from pathlib import Path
from typing import List

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask

from clinic.background_queue import BackgroundQueue, job_queue
from clinic.background_tasks import background
from clinic.database import Base, engine, get_db
from clinic.journal import cancel, feed, record, remind, seen
from clinic.json_stream import stream_json_array
from clinic.models import Entry, Visit
from clinic.schemas import VisitIn, VisitOut

NOTICE = Path(__file__).with_name("notice.txt")
stamps = {"last": 0}
stamping = threading.Lock()

app = FastAPI()
app.router.add_event_handler("startup", job_queue.open)
app.router.add_event_handler("shutdown", job_queue.close)
app.router.add_event_handler("startup", background.open)
app.router.add_event_handler("shutdown", background.close)


@app.on_event("startup")
async def create_tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


@app.on_event("shutdown")
async def dispose_of_engines():
    await engine.dispose()


@app.middleware("http")
async def access_log(request: Request, call_next):
    response = await call_next(request)
    if request.method == "POST":
        await background.run(
            record(f"{request.method} {request.url.path} {response.status_code}"),
            name="record",
        )
    return response


@app.middleware("http")
async def count_pins(request: Request, call_next):
    response = await call_next(request)
    if request.url.path == "/pin":
        await background.start(record("a pin was made"), name="record")
    response.headers["x-clinic"] = "1"
    return response


@app.middleware("http")
async def feeding(request: Request, call_next):
    events: asyncio.Queue = asyncio.Queue()
    if request.url.path == "/notice":
        task = asyncio.create_task(feed(events))
        await events.put("notice")
        response = await call_next(request)
        await task
        return response
    return await call_next(request)


@app.post("/visits", response_model=VisitOut, status_code=201)
async def create_visit(
    visit: VisitIn,
    background_tasks: BackgroundQueue,
    db: AsyncSession = Depends(get_db),
):
    await background_tasks.add_task(record, f"mail for {visit.patient}")
    if visit.patient == "nobody":
        raise HTTPException(409, "no patient")
    made = Visit(**visit.model_dump())
    db.add(made)
    await db.commit()
    await db.refresh(made)
    await background_tasks.add_task(remind, made.id)
    return made


@app.post("/visits/{visit_id}/cancel", status_code=202)
async def cancel_visit(
    visit_id: int, background_tasks: BackgroundTasks, db: AsyncSession = Depends(get_db)
):
    # The session is that of the request: the job can't wait in a queue.
    background_tasks.add_task(cancel, db, visit_id)


@app.get("/visits", response_model=List[VisitOut])
async def read_visits(db: AsyncSession = Depends(get_db)):
    await seen("/visits")
    return await stream_json_array(
        await db.stream_scalars(
            select(Visit).order_by(Visit.id).execution_options(yield_per=500)
        ),
        List[VisitOut],
    )


@app.get(
    "/visits/short",
    response_model=List[VisitOut],
    response_model_exclude_none=True,
    response_model_by_alias=False,
)
async def read_short(db: AsyncSession = Depends(get_db)):
    return await stream_json_array(
        await db.stream_scalars(
            select(Visit).order_by(Visit.id).execution_options(yield_per=500)
        ),
        List[VisitOut],
        by_alias=False,
        exclude_none=True,
    )


@app.get("/visits/page")
async def read_page(db: AsyncSession = Depends(get_db)):
    visits = (await db.scalars(select(Visit).order_by(Visit.id))).all()
    return {"count": len(visits), "patients": [visit.patient for visit in visits]}


@app.get("/visits/latest", response_model=List[VisitOut])
async def read_latest(db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(Visit).order_by(Visit.id.desc()).limit(5))).all()


@app.get("/visits/none-of/{patient}", response_model=List[VisitOut])
async def read_of(patient: str, db: AsyncSession = Depends(get_db)):
    if (
        await db.scalars(select(Visit).where(Visit.patient == patient).limit(1))
    ).first() is None:
        raise HTTPException(404, "unknown patient")
    return await stream_json_array(
        (
            await db.stream_scalars(
                select(Visit)
                .where(Visit.patient == patient)
                .order_by(Visit.id)
                .execution_options(yield_per=500)
            )
        ),
        List[VisitOut],
    )


@app.get("/notice")
async def read_notice():
    await asyncio.sleep(0.01)
    return await anyio.Path(NOTICE).read_text()


@app.post("/pin")
async def make_pin(pin: str):
    return (
        await run_in_threadpool(
            hashlib.pbkdf2_hmac, "sha256", pin.encode(), b"salt", 1000
        )
    ).hex()


@app.post("/stamps")
async def make_stamp():
    # No other stamp is made while the lock is held.
    with stamping:
        number = stamps["last"]
        time.sleep(0.001)
        stamps["last"] = number + 1
    return {"stamp": number + 1}


@app.delete("/visits/{visit_id}")
async def delete_visit(visit_id: int, db: AsyncSession = Depends(get_db)):
    visit = await db.get(Visit, visit_id)
    if visit is None:
        raise HTTPException(404, "no such visit")
    await db.delete(visit)
    await db.commit()
    # A task of the answer, which FastAPI does not know.
    return JSONResponse(
        {"id": visit_id}, background=BackgroundTask(record, f"{visit_id} was deleted")
    )


@app.get("/journal")
async def read_journal(db: AsyncSession = Depends(get_db)):
    return sorted((await db.scalars(select(Entry.text))).all())
