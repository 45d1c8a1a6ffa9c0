from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base


class Visit(Base):
    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), default="booked")


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(100))
