"""The command ``clinic-report``."""

import sys

from sqlalchemy import func, select

from clinic.database import SessionLocal
from clinic.models import Appointment, Doctor


def report() -> int:
    statement = (
        select(Doctor.name, func.count(Appointment.id))
        .outerjoin(Doctor.appointments)
        .group_by(Doctor.name)
        .order_by(Doctor.name)
    )
    with SessionLocal() as db:
        for name, number in db.execute(statement):
            sys.stdout.write(f"{name}: {number}\n")
    return 0
