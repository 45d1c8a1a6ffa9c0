from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.orm import Session

from . import actions, checks, exports, lookup, plugins, registry
from .db import Base, engine, get_db
from .models import Event, Ticket
from .proxies import Desk

Base.metadata.create_all(engine)
DB = Annotated[Session, Depends(get_db)]
router = APIRouter()


class NewTicket(BaseModel):
    title: str
    priority: int = 3


@router.post("/tickets", status_code=201)
def create(new: NewTicket, db: DB):
    ticket = Ticket(**new.model_dump())
    db.add(ticket)
    db.commit()
    return {"id": ticket.id, "hooks": registry.fire("created", ticket.id)}


@router.get("/tickets/{ticket_id}")
async def read(ticket_id: int, db: DB):
    ticket = db.get(Ticket, ticket_id)
    if ticket is None:
        raise HTTPException(404, "No such ticket")
    return {
        "title": ticket.title,
        "state": ticket.state,
        "priority": ticket.priority,
        "history": actions.history(db, ticket_id),
    }


@router.get("/tickets/{ticket_id}/checks")
def check(ticket_id: int, db: DB):
    return lookup.run_all(checks, lookup.CHECKS, db, ticket_id)


@router.get("/tickets/{ticket_id}/counts")
def counts(ticket_id: int, db: DB):
    return {name: count(db, ticket_id) for name, count in lookup.members(checks, "count_").items()}


@router.post("/tickets/{ticket_id}/do/{kind}")
def do(kind: str, ticket_id: int, db: DB):
    if kind not in lookup.ACTIONS:
        raise HTTPException(422, f"Can't {kind}")
    return {"state": lookup.action(kind)(db, ticket_id)}


@router.post("/tickets/{ticket_id}/commands/{name}")
def run_command(name: str, ticket_id: int, db: DB, title: str | None = None):
    try:
        command = registry.COMMANDS[name]
    except KeyError:
        raise HTTPException(422, f"No command {name}") from None
    arguments = {"title": title} if title else {}
    return {"result": command(db, ticket_id, **arguments)}


@router.post("/tickets/{ticket_id}/events/{event}")
def happened(event: str, ticket_id: int, db: DB):
    return {"result": Desk(db).happened(event, ticket_id)}


@router.post("/import/{kind}", status_code=201)
def bring_in(kind: str, text: str, db: DB):
    importer = registry.Importer.kinds.get(kind)
    if importer is None:
        raise HTTPException(422, f"Can't read {kind}")
    return {"imported": importer().bring_in(db, text)}


@router.get("/reports/{kind}")
def report(kind: str, db: DB, limit: int = 5):
    try:
        module = lookup.report(kind)
    except ImportError:
        raise HTTPException(404, "No such report") from None
    return {"title": module.TITLE, "rows": module.rows(db, limit)}


@router.get("/exports/{name}")
def export(name: str):
    return exports.run(name)


@router.get("/overview")
async def overview(db: DB):
    return Desk(db).overview()


app = FastAPI()
app.include_router(router)
