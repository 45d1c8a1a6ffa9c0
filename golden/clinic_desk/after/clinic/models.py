import datetime
from decimal import Decimal
from typing import Optional

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped, mapped_column

from clinic.database import Base


class Visit(Base):
    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient: Mapped[str]
    day: Mapped[datetime.date]
    fee: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    weight: Mapped[Optional[float]]
    state: Mapped[str] = mapped_column(default="new")


class Entry(Base):
    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
