import csv
import io
import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger import crud
from ledger.database import get_db
from ledger.file_stream import stream_file
from ledger.models import Account, Entry
from ledger.own_session import own_rows
from ledger.text_stream import stream_joined, stream_written

router = APIRouter(prefix="/exports", tags=["exports"])

STATIC = Path(__file__).parent.parent.parent / "static"


@router.get("/entries.csv")
async def export_entries(db: AsyncSession = Depends(get_db), *, request: Request):
    entries = await own_rows(
        request,
        get_db,
        db,
        lambda db: db.stream_scalars(
            select(Entry).order_by(Entry.id).execution_options(yield_per=500)
        ),
    )

    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(["id", "booked", "seen", "text", "amount", "rate"])

    def write_row(entry: Any) -> None:
        writer.writerow(
            [entry.id, entry.booked, entry.seen, entry.text, entry.amount, entry.rate]
        )

    return StreamingResponse(
        await stream_written(entries, output, write_row),
        media_type="text/csv",
        headers={"Content-Disposition": "attachment; filename=entries.csv"},
    )


@router.get("/accounts/{account_id}.csv")
async def export_account(
    account_id: int, db: AsyncSession = Depends(get_db), *, request: Request
):
    account = await crud.get_account(db, account_id)
    if account is None:
        raise HTTPException(status_code=404, detail="No such account")
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=["day", "amount", "text"], delimiter=";")
    writer.writeheader()
    rows = await own_rows(
        request,
        get_db,
        db,
        lambda db: db.stream_scalars(
            select(Entry)
            .where(Entry.account_id == account_id)
            .order_by(Entry.id)
            .execution_options(yield_per=500)
        ),
    )

    def write_row(entry: Any) -> None:
        # Nobody wants to see empty bookings.
        if entry.amount:
            day = entry.booked.strftime("%d.%m.%Y")
            writer.writerow({"day": day, "amount": entry.amount, "text": entry.text})

    name = f"{account.name}-{account.id}.csv"
    return StreamingResponse(
        content=await stream_written(rows, buffer, write_row, encoding="utf-8-sig"),
        media_type="text/csv",
        headers={"X-Name": name},
    )


@router.get("/balance/{account_id}.csv")
async def export_balance(account_id: int, db: AsyncSession = Depends(get_db)):
    balance = 0
    output = io.StringIO()
    writer = csv.writer(output)
    for entry in await db.scalars(
        select(Entry).where(Entry.account_id == account_id).order_by(Entry.id)
    ):
        balance += entry.amount
        writer.writerow([entry.id, balance])
    return Response(output.getvalue(), media_type="text/csv")


@router.get("/texts")
async def export_texts(db: AsyncSession = Depends(get_db), *, request: Request):
    entries = select(Entry).order_by(Entry.id)
    lines = await own_rows(
        request,
        get_db,
        db,
        lambda db: db.stream_scalars(entries.execution_options(yield_per=500)),
    )
    return StreamingResponse(
        await stream_joined(
            lines, lambda entry: f"{entry.id}: {entry.text}", "\n", before="# texts\n"
        ),
        media_type="text/plain",
    )


@router.get("/amounts.json")
async def export_amounts(db: AsyncSession = Depends(get_db), *, request: Request):
    rows = await own_rows(
        request,
        get_db,
        db,
        lambda db: db.stream(
            select(Entry.id, Entry.amount, Entry.rate)
            .order_by(Entry.id)
            .execution_options(yield_per=500)
        ),
    )
    return StreamingResponse(
        await stream_joined(
            rows,
            lambda row: json.dumps(
                {"id": row.id, "amount": str(row.amount), "rate": row.rate},
                ensure_ascii=False,
            ),
            ", ",
            before="[",
            after="]",
        ),
        media_type="application/json",
    )


@router.get("/owners")
async def export_owners(db: AsyncSession = Depends(get_db)):
    accounts = (await db.scalars(select(Account).order_by(Account.id).limit(50))).all()
    return PlainTextResponse(",".join([account.owner or "-" for account in accounts]))


@router.get("/files/{name}")
def export_file(name: str):
    path = STATIC / name
    if not path.is_file():
        raise HTTPException(status_code=404, detail="No such file")
    content = stream_file(open(path, "rb"))
    return StreamingResponse(content=content, media_type="text/csv")
