from datetime import date

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from clinic import crud, models, schemas
from clinic.database import get_db

router = APIRouter()


@router.post("/doctors", response_model=schemas.DoctorOut, status_code=201)
async def add_doctor(body: schemas.DoctorIn, db: AsyncSession = Depends(get_db)):
    try:
        doctor = await crud.add_doctor(db, body.name)
        await db.get(
            crud.Doctor,
            doctor.id,
            options=[selectinload(crud.Doctor.appointments)],
            populate_existing=True,
        )
        return doctor
    except IntegrityError:
        await db.rollback()
        raise HTTPException(409, "There is a doctor of that name")


@router.get("/doctors", response_model=list[schemas.DoctorOut])
async def list_doctors(db: AsyncSession = Depends(get_db)):
    return await crud.doctors(db, options=[selectinload(crud.Doctor.appointments)])


@router.post("/appointments", response_model=schemas.AppointmentOut, status_code=201)
async def book(body: schemas.AppointmentIn, db: AsyncSession = Depends(get_db)):
    doctor = await db.get(models.Doctor, body.doctor_id)
    if doctor is None:
        raise HTTPException(404, "No such doctor")
    return await crud.book(db, doctor, body.patient, body.day)


@router.delete("/doctors/{doctor_id}", status_code=204)
async def remove_doctor(doctor_id: int, db: AsyncSession = Depends(get_db)):
    doctor = await db.get(
        models.Doctor,
        doctor_id,
        options=[selectinload(models.Doctor.appointments)],
        populate_existing=True,
    )
    if doctor is None:
        raise HTTPException(404, "No such doctor")
    if doctor.appointments:
        raise HTTPException(409, "The doctor has appointments")
    await db.delete(doctor)
    await db.commit()


@router.post("/reminders/{day}")
async def remind(day: date, db: AsyncSession = Depends(get_db)):
    return {"reminded": await crud.remind(db, day)}
