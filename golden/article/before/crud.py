from fastapi import Request
from sqlalchemy import func
from sqlalchemy.orm import Session

from database import SessionLocal
from models import Measurement, Report, RequestLog, User


def get_user_by_id(db: Session, user_id: int):
    return db.query(User).filter(User.id == user_id).first()


def get_user_by_email(db: Session, email: str):
    return db.query(User).filter(User.email == email).first()


def some_long_running_task(user_id: int):
    """Adds up all measurements for a report."""
    with SessionLocal() as db:
        total = db.query(func.sum(Measurement.value)).scalar()
        db.add(Report(user_id=user_id, total=total or 0))
        db.commit()


async def log_request_to_db(request: Request):
    with SessionLocal() as db:
        db.add(
            RequestLog(
                method=request.method,
                path=request.url.path,
                client=request.headers.get("x-client", "unknown"),
            )
        )
        db.commit()
