from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from clinic.models import Appointment, Doctor


async def add_doctor(db: AsyncSession, name: str) -> Doctor:
    doctor = Doctor(name=name)
    db.add(doctor)
    await db.commit()
    await db.get(
        Doctor,
        doctor.id,
        options=[selectinload(Doctor.appointments)],
        populate_existing=True,
    )
    return doctor


async def doctors(db: AsyncSession) -> list[Doctor]:
    return (
        await db.scalars(
            select(Doctor)
            .options(selectinload(Doctor.appointments))
            .order_by(Doctor.name)
            .execution_options(populate_existing=True)
        )
    ).all()


async def book(
    db: AsyncSession, doctor: Doctor, patient: str, day: date
) -> Appointment:
    appointment = Appointment(doctor=doctor, patient=patient, day=day)
    db.add(appointment)
    await db.commit()
    await db.refresh(appointment)
    return appointment


async def busiest(db: AsyncSession) -> str:
    rows = [(len(doctor.appointments), doctor.name) for doctor in await doctors(db)]
    return max(rows)[1] if rows else "nobody"
