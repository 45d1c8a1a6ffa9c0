"""What the middleware writes down."""

from fastapi import HTTPException, Request
from sqlalchemy import delete, func, select

from audit.database import SessionLocal
from audit.models import AuditRow, Note, Visit


async def log_request(request: Request, status: int):
    async with SessionLocal() as db:
        db.add(
            AuditRow(
                method=request.method,
                path=request.url.path,
                status=status,
                user=request.headers.get("x-user", "anonymous"),
            )
        )
        await db.commit()


async def log_size(request: Request):
    body = await request.body()
    async with SessionLocal() as db:
        db.add(AuditRow(method="SIZE", path=request.url.path, status=len(body), user=""))
        await db.commit()


async def count_visit(path: str):
    async with SessionLocal() as db:
        visit = await db.get(Visit, path)
        if visit is None:
            visit = Visit(path=path, count=0)
            db.add(visit)
        visit.count += 1
        await db.commit()
        await db.refresh(visit)
        return visit.count


async def check_quota(owner: str):
    async with SessionLocal() as db:
        used = await db.scalar(select(func.count()).select_from(Note).where(Note.owner == owner))
    if owner == "bob" and used >= 1:
        raise HTTPException(429, "quota used up")


async def tidy(owner: str):
    async with SessionLocal() as db:
        used = await db.scalar(select(func.count()).select_from(Note).where(Note.owner == owner))
        if used > 100:
            await db.execute(delete(Note).where(Note.owner == owner))
            await db.commit()


async def shout(note_id: int):
    async with SessionLocal() as db:
        note = await db.get(Note, note_id)
        note.text = note.text.upper()
        await db.commit()


def shorten(db, note_id: int):
    note = db.get(Note, note_id)
    note.text = note.text[:3]
    db.commit()
