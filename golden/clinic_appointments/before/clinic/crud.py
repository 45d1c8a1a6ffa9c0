from datetime import date

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


def busiest(db: Session) -> str:
    rows = [(len(doctor.appointments), doctor.name) for doctor in doctors(db)]
    return max(rows)[1] if rows else "nobody"
