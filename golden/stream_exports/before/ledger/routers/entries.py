from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.orm import Session

from ledger import crud
from ledger.database import get_db
from ledger.models import Entry
from ledger.schemas import EntryOut, RateOut

router = APIRouter(prefix="/entries", tags=["entries"])

Db = Annotated[Session, Depends(get_db)]
KINDS = ["cash", "bank", "card"]


@router.get("", response_model=list[EntryOut])
def read_entries(db: Db, closed: bool | None = None):
    return crud.get_entries(db, closed=closed)


@router.get("/page", response_model=list[EntryOut])
def read_page(db: Db, offset: int = 0, limit: int = 20):
    return db.query(Entry).order_by(Entry.id).offset(offset).limit(limit).all()


@router.get("/short")
def read_short(db: Db):
    entries = db.query(Entry).order_by(Entry.id).all()
    return [
        {"id": entry.id, "on": entry.booked, "at": entry.seen, "amount": entry.amount}
        for entry in entries
    ]


@router.get("/rates", response_model=list[RateOut])
def read_rates(db: Db):
    return db.query(Entry).order_by(Entry.id).all()


@router.get("/summary")
def read_summary(db: Db):
    entries = db.query(Entry).all()
    return {"count": len(entries), "sum": sum(entry.amount for entry in entries)}


@router.get("/kinds")
def read_kinds() -> list[str]:
    return KINDS


@router.post("/close", response_model=list[EntryOut])
def close_entries(db: Db, account_id: int):
    if crud.get_account(db, account_id) is None:
        raise HTTPException(404, "No such account")
    db.query(Entry).filter(Entry.account_id == account_id).update({"closed": True})
    db.commit()
    query = db.query(Entry).filter(Entry.account_id == account_id)
    return query.order_by(Entry.id).all()
