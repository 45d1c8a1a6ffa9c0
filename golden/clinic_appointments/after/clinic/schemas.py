from datetime import date

from pydantic import BaseModel, ConfigDict


class DoctorIn(BaseModel):
    name: str


class AppointmentIn(BaseModel):
    doctor_id: int
    patient: str
    day: date


class AppointmentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    patient: str
    day: date
    reminded: bool


class DoctorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    appointments: list[AppointmentOut] = []
