from sqlalchemy.orm import Mapped, mapped_column

from audit.database import Base


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    text: Mapped[str]


class AuditRow(Base):
    __tablename__ = "audit_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    method: Mapped[str]
    path: Mapped[str]
    status: Mapped[int]
    user: Mapped[str]


class Visit(Base):
    __tablename__ = "visits"

    path: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class ErrorRow(Base):
    __tablename__ = "error_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    status: Mapped[int]
