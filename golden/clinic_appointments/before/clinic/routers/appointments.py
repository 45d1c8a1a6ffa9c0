from datetime import date

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic import crud, models, schemas
from clinic.database import get_db

router = APIRouter()


@router.post("/doctors", response_model=schemas.DoctorOut, status_code=201)
def add_doctor(body: schemas.DoctorIn, db: Session = Depends(get_db)):
    try:
        return crud.add_doctor(db, body.name)
    except IntegrityError:
        db.rollback()
        raise HTTPException(409, "There is a doctor of that name")


@router.get("/doctors", response_model=list[schemas.DoctorOut])
async def list_doctors(db: Session = Depends(get_db)):
    return crud.doctors(db)


@router.post("/appointments", response_model=schemas.AppointmentOut, status_code=201)
async def book(body: schemas.AppointmentIn, db: Session = Depends(get_db)):
    doctor = db.get(models.Doctor, body.doctor_id)
    if doctor is None:
        raise HTTPException(404, "No such doctor")
    return crud.book(db, doctor, body.patient, body.day)


@router.delete("/doctors/{doctor_id}", status_code=204)
def remove_doctor(doctor_id: int, db: Session = Depends(get_db)):
    doctor = db.get(models.Doctor, doctor_id)
    if doctor is None:
        raise HTTPException(404, "No such doctor")
    if doctor.appointments:
        raise HTTPException(409, "The doctor has appointments")
    db.delete(doctor)
    db.commit()


@router.post("/reminders/{day}")
def remind(day: date, db: Session = Depends(get_db)):
    return {"reminded": crud.remind(db, day)}
