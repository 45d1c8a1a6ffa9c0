from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ledger import crud
from ledger.database import get_db
from ledger.json_stream import stream_json_array
from ledger.models import Entry
from ledger.own_session import own_rows
from ledger.schemas import EntryOut, RateOut

router = APIRouter(prefix="/entries", tags=["entries"])

Db = Annotated[AsyncSession, Depends(get_db)]
KINDS = ["cash", "bank", "card"]


@router.get("", response_model=list[EntryOut])
async def read_entries(db: Db, closed: bool | None = None, *, request: Request):
    return await stream_json_array(
        await own_rows(
            request, get_db, db, lambda db: crud.get_entries(db, closed=closed)
        ),
        list[EntryOut],
    )


@router.get("/page", response_model=list[EntryOut])
async def read_page(db: Db, offset: int = 0, limit: int = 20):
    return (
        await db.scalars(select(Entry).order_by(Entry.id).offset(offset).limit(limit))
    ).all()


@router.get("/short")
async def read_short(db: Db, request: Request):
    entries = await own_rows(
        request,
        get_db,
        db,
        lambda db: db.stream_scalars(
            select(Entry).order_by(Entry.id).execution_options(yield_per=500)
        ),
    )
    return await stream_json_array(
        entries,
        each=lambda entry: {
            "id": entry.id,
            "on": entry.booked,
            "at": entry.seen,
            "amount": entry.amount,
        },
    )


@router.get("/rates", response_model=list[RateOut])
async def read_rates(db: Db):
    return (await db.scalars(select(Entry).order_by(Entry.id))).all()


@router.get("/summary")
async def read_summary(db: Db):
    entries = (await db.scalars(select(Entry))).all()
    return {"count": len(entries), "sum": sum(entry.amount for entry in entries)}


@router.get("/kinds")
def read_kinds() -> list[str]:
    return KINDS


@router.post("/close", response_model=list[EntryOut])
async def close_entries(db: Db, account_id: int):
    if await crud.get_account(db, account_id) is None:
        raise HTTPException(404, "No such account")
    await db.execute(
        update(Entry).where(Entry.account_id == account_id).values({"closed": True})
    )
    await db.commit()
    query = select(Entry).where(Entry.account_id == account_id)
    return (
        await db.scalars(
            query.order_by(Entry.id).execution_options(populate_existing=True)
        )
    ).all()
