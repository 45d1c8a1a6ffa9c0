from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.models import Appointment, Doctor


def add_doctor(db: Session, name: str) -> Doctor:
    doctor = Doctor(name=name)
    db.add(doctor)
    db.commit()
    db.refresh(doctor)
    return doctor


def doctors(db: Session) -> list[Doctor]:
    return db.query(Doctor).order_by(Doctor.name).all()


def book(db: Session, doctor: Doctor, patient: str, day: date) -> Appointment:
    appointment = Appointment(doctor=doctor, patient=patient, day=day)
    db.add(appointment)
    db.commit()
    db.refresh(appointment)
    return appointment


def numbers(db: Session) -> list[tuple[str, int]]:
    statement = (
        select(Doctor.name, func.count(Appointment.id))
        .outerjoin(Doctor.appointments)
        .group_by(Doctor.name)
        .order_by(Doctor.name)
    )
    return [(name, number) for name, number in db.execute(statement)]


def remind(db: Session, day: date) -> int:
    due = db.scalars(
        select(Appointment).where(Appointment.day == day, Appointment.reminded.is_(False))
    ).all()
    for appointment in due:
        appointment.reminded = True
    db.commit()
    return len(due)


def busiest(db: Session) -> str:
    rows = [(len(doctor.appointments), doctor.name) for doctor in doctors(db)]
    return max(rows)[1] if rows else "nobody"
