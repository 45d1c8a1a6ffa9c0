import csv
import io
import json
from pathlib import Path

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from sqlalchemy.orm import Session

from ledger import crud
from ledger.database import get_db
from ledger.models import Account, Entry

router = APIRouter(prefix="/exports", tags=["exports"])

STATIC = Path(__file__).parent.parent.parent / "static"


@router.get("/entries.csv")
def export_entries(db: Session = Depends(get_db)):
    entries = db.query(Entry).order_by(Entry.id).all()

    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(["id", "booked", "seen", "text", "amount", "rate"])
    for entry in entries:
        writer.writerow(
            [entry.id, entry.booked, entry.seen, entry.text, entry.amount, entry.rate]
        )

    output.seek(0)
    return StreamingResponse(
        iter([output.getvalue()]),
        media_type="text/csv",
        headers={"Content-Disposition": "attachment; filename=entries.csv"},
    )


@router.get("/accounts/{account_id}.csv")
def export_account(account_id: int, db: Session = Depends(get_db)):
    account = crud.get_account(db, account_id)
    if account is None:
        raise HTTPException(status_code=404, detail="No such account")
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=["day", "amount", "text"], delimiter=";")
    writer.writeheader()
    for entry in db.query(Entry).filter(Entry.account_id == account_id).order_by(Entry.id):
        # Nobody wants to see empty bookings.
        if entry.amount:
            day = entry.booked.strftime("%d.%m.%Y")
            writer.writerow({"day": day, "amount": entry.amount, "text": entry.text})
    name = f"{account.name}-{account.id}.csv"
    return Response(
        content=buffer.getvalue().encode("utf-8-sig"),
        media_type="text/csv",
        headers={"X-Name": name},
    )


@router.get("/balance/{account_id}.csv")
def export_balance(account_id: int, db: Session = Depends(get_db)):
    balance = 0
    output = io.StringIO()
    writer = csv.writer(output)
    for entry in db.query(Entry).filter(Entry.account_id == account_id).order_by(Entry.id):
        balance += entry.amount
        writer.writerow([entry.id, balance])
    return Response(output.getvalue(), media_type="text/csv")


@router.get("/texts")
def export_texts(db: Session = Depends(get_db)):
    entries = db.query(Entry).order_by(Entry.id)
    lines = [f"{entry.id}: {entry.text}" for entry in entries]
    return PlainTextResponse("# texts\n" + "\n".join(lines))


@router.get("/amounts.json")
def export_amounts(db: Session = Depends(get_db)):
    rows = db.query(Entry.id, Entry.amount, Entry.rate).order_by(Entry.id).all()
    data = []
    for row in rows:
        data.append({"id": row.id, "amount": str(row.amount), "rate": row.rate})
    return Response(json.dumps(data, ensure_ascii=False), media_type="application/json")


@router.get("/owners")
def export_owners(db: Session = Depends(get_db)):
    accounts = db.query(Account).order_by(Account.id).limit(50).all()
    return PlainTextResponse(",".join([account.owner or "-" for account in accounts]))


@router.get("/files/{name}")
def export_file(name: str):
    path = STATIC / name
    if not path.is_file():
        raise HTTPException(status_code=404, detail="No such file")
    with open(path, "rb") as file:
        content = file.read()
    return Response(content=content, media_type="text/csv")
