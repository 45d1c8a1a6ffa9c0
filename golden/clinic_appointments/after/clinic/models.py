from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.database import Base


class Doctor(Base):
    __tablename__ = "doctors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    appointments: Mapped[list["Appointment"]] = relationship(
        back_populates="doctor", order_by="Appointment.id"
    )


class Appointment(Base):
    __tablename__ = "appointments"

    id: Mapped[int] = mapped_column(primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
    patient: Mapped[str] = mapped_column(String(60))
    day: Mapped[date]
    reminded: Mapped[bool] = mapped_column(default=False)
    doctor: Mapped[Doctor] = relationship(back_populates="appointments")
