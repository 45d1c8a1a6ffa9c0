from fastapi import Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from database import SessionLocal
from models import Measurement, Report, RequestLog, User


async def get_user_by_id(db: AsyncSession, user_id: int):
    return (await db.scalars(select(User).where(User.id == user_id).limit(1))).first()


async def get_user_by_email(db: AsyncSession, email: str):
    return (await db.scalars(select(User).where(User.email == email).limit(1))).first()


async def some_long_running_task(user_id: int):
    """Adds up all measurements for a report."""
    async with SessionLocal() as db:
        total = await db.scalar(select(func.sum(Measurement.value)))
        db.add(Report(user_id=user_id, total=total or 0))
        await db.commit()


async def log_request_to_db(request: Request):
    async with SessionLocal() as db:
        db.add(
            RequestLog(
                method=request.method,
                path=request.url.path,
                client=request.headers.get("x-client", "unknown"),
            )
        )
        await db.commit()
