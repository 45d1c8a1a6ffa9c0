from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from . import actions, checks, exports, lookup, plugins, registry
from .db import Base, engine, get_db, sync_get_db
from .models import Event, Ticket
from .proxies import Desk

DB = Annotated[AsyncSession, Depends(get_db)]
SyncDB = Annotated[Session, Depends(sync_get_db)]
router = APIRouter()


class NewTicket(BaseModel):
    title: str
    priority: int = 3


@router.post("/tickets", status_code=201)
async def create(new: NewTicket, db: DB):
    ticket = Ticket(**new.model_dump())
    db.add(ticket)
    await db.commit()
    return {
        "id": ticket.id,
        "hooks": await run_in_threadpool(registry.fire, "created", ticket.id),
    }


@router.get("/tickets/{ticket_id}")
async def read(ticket_id: int, db: DB):
    ticket = await db.get(Ticket, ticket_id)
    if ticket is None:
        raise HTTPException(404, "No such ticket")
    return {
        "title": ticket.title,
        "state": ticket.state,
        "priority": ticket.priority,
        "history": await actions.history(db, ticket_id),
    }


@router.get("/tickets/{ticket_id}/checks")
def check(ticket_id: int, db: SyncDB):
    return lookup.run_all(checks, lookup.CHECKS, db, ticket_id)


@router.get("/tickets/{ticket_id}/counts")
def counts(ticket_id: int, db: SyncDB):
    return {name: count(db, ticket_id) for name, count in lookup.members(checks, "count_").items()}


@router.post("/tickets/{ticket_id}/do/{kind}")
def do(kind: str, ticket_id: int, db: SyncDB):
    if kind not in lookup.ACTIONS:
        raise HTTPException(422, f"Can't {kind}")
    return {"state": lookup.action(kind)(db, ticket_id)}


@router.post("/tickets/{ticket_id}/commands/{name}")
def run_command(name: str, ticket_id: int, db: SyncDB, title: str | None = None):
    try:
        command = registry.COMMANDS[name]
    except KeyError:
        raise HTTPException(422, f"No command {name}") from None
    arguments = {"title": title} if title else {}
    return {"result": command(db, ticket_id, **arguments)}


@router.post("/tickets/{ticket_id}/events/{event}")
def happened(event: str, ticket_id: int, db: SyncDB):
    return {"result": Desk(db).happened(event, ticket_id)}


@router.post("/import/{kind}", status_code=201)
async def bring_in(kind: str, text: str, db: DB):
    importer = registry.Importer.kinds.get(kind)
    if importer is None:
        raise HTTPException(422, f"Can't read {kind}")
    return {"imported": await importer().bring_in(db, text)}


@router.get("/reports/{kind}")
def report(kind: str, db: SyncDB, limit: int = 5):
    try:
        module = lookup.report(kind)
    except ImportError:
        raise HTTPException(404, "No such report") from None
    return {"title": module.TITLE, "rows": module.rows(db, limit)}


@router.get("/exports/{name}")
async def export(name: str):
    return await run_in_threadpool(exports.run, name)


@router.get("/overview")
def overview(db: SyncDB):
    return Desk(db).overview()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
