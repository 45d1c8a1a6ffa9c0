import datetime as dt
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ledger.database import Base


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner: Mapped[str | None]

    entries: Mapped[list["Entry"]] = relationship(back_populates="account")


class Entry(Base):
    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    booked: Mapped[dt.date]
    seen: Mapped[dt.datetime | None]
    text: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    rate: Mapped[float | None]
    closed: Mapped[bool] = mapped_column(default=False)

    account: Mapped[Account] = relationship(back_populates="entries")
