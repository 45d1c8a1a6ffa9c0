import asyncio
import hashlib
import threading
import time
from pathlib import Path
from typing import List

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from clinic.database import Base, engine, get_db
from clinic.journal import cancel, feed, record, remind, seen
from clinic.models import Entry, Visit
from clinic.schemas import VisitIn, VisitOut

NOTICE = Path(__file__).with_name("notice.txt")
stamps = {"last": 0}
stamping = threading.Lock()

app = FastAPI()


@app.on_event("startup")
def create_tables():
    Base.metadata.create_all(bind=engine)


@app.middleware("http")
async def access_log(request: Request, call_next):
    response = await call_next(request)
    if request.method == "POST":
        await record(f"{request.method} {request.url.path} {response.status_code}")
    return response


@app.middleware("http")
async def count_pins(request: Request, call_next):
    response = await call_next(request)
    if request.url.path == "/pin":
        asyncio.create_task(record("a pin was made"))
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
    visit: VisitIn, background_tasks: BackgroundTasks, db: Session = Depends(get_db)
):
    background_tasks.add_task(record, f"mail for {visit.patient}")
    if visit.patient == "nobody":
        raise HTTPException(409, "no patient")
    made = Visit(**visit.model_dump())
    db.add(made)
    db.commit()
    db.refresh(made)
    background_tasks.add_task(remind, made.id)
    return made


@app.post("/visits/{visit_id}/cancel", status_code=202)
async def cancel_visit(
    visit_id: int, background_tasks: BackgroundTasks, db: Session = Depends(get_db)
):
    # The session is that of the request: the job can't wait in a queue.
    background_tasks.add_task(cancel, db, visit_id)


@app.get("/visits", response_model=List[VisitOut])
async def read_visits(db: Session = Depends(get_db)):
    await seen("/visits")
    return db.query(Visit).order_by(Visit.id).all()


@app.get(
    "/visits/short",
    response_model=List[VisitOut],
    response_model_exclude_none=True,
    response_model_by_alias=False,
)
async def read_short(db: Session = Depends(get_db)):
    return db.scalars(select(Visit).order_by(Visit.id)).all()


@app.get("/visits/page")
async def read_page(db: Session = Depends(get_db)):
    visits = db.query(Visit).order_by(Visit.id).all()
    return {"count": len(visits), "patients": [visit.patient for visit in visits]}


@app.get("/visits/latest", response_model=List[VisitOut])
async def read_latest(db: Session = Depends(get_db)):
    return db.query(Visit).order_by(Visit.id.desc()).limit(5).all()


@app.get("/visits/none-of/{patient}", response_model=List[VisitOut])
async def read_of(patient: str, db: Session = Depends(get_db)):
    if db.query(Visit).filter(Visit.patient == patient).first() is None:
        raise HTTPException(404, "unknown patient")
    return db.query(Visit).filter(Visit.patient == patient).order_by(Visit.id).all()


@app.get("/notice")
async def read_notice():
    time.sleep(0.01)
    return NOTICE.read_text()


@app.post("/pin")
async def make_pin(pin: str):
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), b"salt", 1000).hex()


@app.post("/stamps")
async def make_stamp():
    # No other stamp is made while the lock is held.
    with stamping:
        number = stamps["last"]
        time.sleep(0.001)
        stamps["last"] = number + 1
    return {"stamp": number + 1}


@app.delete("/visits/{visit_id}")
async def delete_visit(visit_id: int, db: Session = Depends(get_db)):
    visit = db.get(Visit, visit_id)
    if visit is None:
        raise HTTPException(404, "no such visit")
    db.delete(visit)
    db.commit()
    # A task of the answer, which FastAPI does not know.
    return JSONResponse(
        {"id": visit_id}, background=BackgroundTask(record, f"{visit_id} was deleted")
    )


@app.get("/journal")
def read_journal(db: Session = Depends(get_db)):
    return sorted(db.scalars(select(Entry.text)).all())
