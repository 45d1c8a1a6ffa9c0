from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column, relationship

from .database import AppSession, Base


class Named:
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Owned:
    @declared_attr
    def owner_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("people.id"))

    @declared_attr
    def owner(cls) -> Mapped["Person | None"]:
        return relationship("Person", foreign_keys=[cls.owner_id])

    @property
    def owner_name(self) -> str:
        return self.owner.name if self.owner else "nobody"


class Person(Named, Base):
    __tablename__ = "people"

    machines: Mapped[list["Machine"]] = relationship(viewonly=True, order_by="Machine.id")


class Asset(Named, Owned, Base):
    __tablename__ = "assets"

    kind: Mapped[str] = mapped_column(String(20))
    code: Mapped[str | None] = mapped_column(String(20))
    removed: Mapped[bool] = mapped_column(default=False)

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "asset"}

    def before_save(self, session: AppSession) -> None:
        number = self.total(session, Asset) + 1
        self.code = f"{self.kind or 'asset'}-{number:03}".upper()

    def describe(self) -> str:
        return f"{self.code} of {self.owner_name}"


class Machine(Asset):
    power: Mapped[int | None]

    services: Mapped[list["Service"]] = relationship(back_populates="machine", order_by="Service.id")

    __mapper_args__ = {"polymorphic_identity": "machine"}

    def describe(self) -> str:
        return f"{super().describe()}, {self.power or 0} W, {len(self.services)} services"


class Licence(Asset):
    seats: Mapped[int | None]

    __mapper_args__ = {"polymorphic_identity": "licence"}

    def save(self, session: AppSession):
        if self.seats is not None and self.seats < 1:
            raise ValueError(f"{self.name} needs seats")
        return super().save(session)


class Service(Base):
    __tablename__ = "services"

    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]
    machine_id: Mapped[int] = mapped_column(ForeignKey("assets.id"))
    machine: Mapped[Machine] = relationship(back_populates="services")


class Event(Base):
    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


Person.asset_count = column_property(
    select(func.count(Asset.id)).where(Asset.owner_id == Person.id).correlate_except(Asset).scalar_subquery()
)
