from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from clinic.models import Appointment, Doctor


async def add_doctor(db: AsyncSession, name: str) -> Doctor:
    doctor = Doctor(name=name)
    db.add(doctor)
    await db.commit()
    await db.refresh(doctor)
    return doctor


async def doctors(db: AsyncSession, options: Sequence[ORMOption] = ()) -> list[Doctor]:
    return (
        await db.scalars(select(Doctor).options(*options).order_by(Doctor.name))
    ).all()


async def book(
    db: AsyncSession, doctor: Doctor, patient: str, day: date
) -> Appointment:
    appointment = Appointment(doctor=doctor, patient=patient, day=day)
    db.add(appointment)
    await db.commit()
    await db.refresh(appointment)
    return appointment


async def numbers(db: AsyncSession) -> list[tuple[str, int]]:
    statement = (
        select(Doctor.name, func.count(Appointment.id))
        .outerjoin(Doctor.appointments)
        .group_by(Doctor.name)
        .order_by(Doctor.name)
    )
    return [(name, number) for name, number in await db.execute(statement)]


async def remind(db: AsyncSession, day: date) -> int:
    due = (await db.scalars(
        select(Appointment).where(Appointment.day == day, Appointment.reminded.is_(False))
    )).all()
    for appointment in due:
        appointment.reminded = True
    await db.commit()
    return len(due)


async def busiest(db: AsyncSession) -> str:
    rows = [
        (len(doctor.appointments), doctor.name)
        for doctor in await doctors(db, options=[selectinload(Doctor.appointments)])
    ]
    return max(rows)[1] if rows else "nobody"
