import logging
import time
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.database import Base, engine, get_db
from audit.journal import log_request, shorten, shout
from audit.middleware import ErrorsMiddleware, QuotaMiddleware, SizeMiddleware, VisitsMiddleware
from audit.models import AuditRow, ErrorRow, Note, Visit

logger = logging.getLogger("audit")


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(bind=engine)
    try:
        yield
    finally:
        engine.dispose()


app = FastAPI(lifespan=lifespan)
app.add_middleware(QuotaMiddleware)
app.add_middleware(VisitsMiddleware, header="X-Visit-Number")
app.add_middleware(SizeMiddleware)
app.add_middleware(ErrorsMiddleware)


@app.middleware("http")
async def audit(request: Request, call_next):
    start = time.perf_counter()
    response = await call_next(request)
    elapsed = time.perf_counter() - start
    # the audit trail, row by row
    await log_request(request, response.status_code)
    response.headers["X-Audited"] = "yes"
    if elapsed > 5:
        logger.warning("slow: %s", request.url.path)
    return response


class NoteIn(BaseModel):
    text: str


@app.post("/notes", status_code=201)
async def create_note(note: NoteIn, request: Request, db: Session = Depends(get_db)):
    row = Note(text=note.text, owner=request.headers.get("x-user", "anonymous"))
    db.add(row)
    db.commit()
    db.refresh(row)
    return {"id": row.id, "text": row.text, "owner": row.owner}


@app.get("/notes")
async def list_notes(db: Session = Depends(get_db)):
    return [{"id": n.id, "text": n.text} for n in db.scalars(select(Note).order_by(Note.id))]


@app.get("/notes/{note_id}")
async def read_note(note_id: int, db: Session = Depends(get_db)):
    note = db.get(Note, note_id)
    if note is None:
        raise HTTPException(404, "no such note")
    return {"id": note.id, "text": note.text}


@app.post("/notes/{note_id}/shout")
async def shout_note(note_id: int, tasks: BackgroundTasks):
    tasks.add_task(shout, note_id)
    return {"id": note_id}


@app.post("/notes/{note_id}/shorten")
async def shorten_note(note_id: int, tasks: BackgroundTasks, db: Session = Depends(get_db)):
    # The note belongs to the session of the request: it can't wait in a queue.
    tasks.add_task(shorten, db, note_id)
    return {"id": note_id}


@app.get("/audit")
async def read_audit(db: Session = Depends(get_db)):
    rows = db.scalars(select(AuditRow).order_by(AuditRow.method, AuditRow.path, AuditRow.status))
    return [[r.method, r.path, r.status, r.user] for r in rows]


@app.get("/errors")
async def read_errors(db: Session = Depends(get_db)):
    return [[e.path, e.status] for e in db.scalars(select(ErrorRow).order_by(ErrorRow.id))]


@app.get("/visits")
async def read_visits(db: Session = Depends(get_db)):
    return {v.path: v.count for v in db.scalars(select(Visit).order_by(Visit.path))}
