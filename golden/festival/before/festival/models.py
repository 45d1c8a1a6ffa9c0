"""Festivals have stages, stages have slots, in which acts play; acts have genres."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Numeric, String, Table
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .db import Base

act_genres = Table(
    "act_genres",
    Base.metadata,
    Column("act_id", ForeignKey("acts.id", ondelete="CASCADE"), primary_key=True),
    Column("genre_id", ForeignKey("genres.id"), primary_key=True),
)


class Festival(Base):
    __tablename__ = "festivals"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    town: Mapped[str] = mapped_column(String(60))
    stages: Mapped[list["Stage"]] = relationship(
        back_populates="festival", cascade="all, delete-orphan", order_by="Stage.name"
    )

    @property
    def headliners(self) -> list[str]:
        """The acts of the last slot of each stage."""
        return [stage.closing.act.name for stage in self.stages if stage.closing]

    def genres(self) -> set[str]:
        return {
            name for stage in self.stages for slot in stage.slots for name in slot.act.genre_names
        }


class Stage(Base):
    __tablename__ = "stages"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    festival_id: Mapped[int] = mapped_column(ForeignKey("festivals.id"))
    festival: Mapped[Festival] = relationship(back_populates="stages")
    slots: Mapped[list["Slot"]] = relationship(
        back_populates="stage", cascade="all, delete-orphan", order_by="Slot.starts"
    )

    @property
    def closing(self) -> "Slot | None":
        return self.slots[-1] if self.slots else None


class Act(Base):
    __tablename__ = "acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    fee: Mapped[float] = mapped_column(Numeric(8, 2))
    genres: Mapped[list["Genre"]] = relationship(secondary=act_genres, order_by="Genre.name")
    slots: Mapped[list["Slot"]] = relationship(back_populates="act", order_by="Slot.starts")
    genre_names: AssociationProxy[list[str]] = association_proxy("genres", "name")


class Genre(Base):
    __tablename__ = "genres"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)


class Slot(Base):
    __tablename__ = "slots"

    id: Mapped[int] = mapped_column(primary_key=True)
    starts: Mapped[datetime]
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id"))
    act_id: Mapped[int] = mapped_column(ForeignKey("acts.id"))
    stage: Mapped[Stage] = relationship(back_populates="slots")
    act: Mapped[Act] = relationship(back_populates="slots")

    def __str__(self) -> str:
        return f"{self.act.name} at {self.stage.name}, {self.stage.festival.name}"
