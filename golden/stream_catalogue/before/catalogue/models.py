import datetime as dt
import enum
from decimal import Decimal

from sqlalchemy import Enum, ForeignKey, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .database import Base


class State(enum.Enum):
    on_sale = "on sale"
    sold = "sold"


class Maker(Base):
    __tablename__ = "makers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    country: Mapped[str | None] = mapped_column(String(2))
    products: Mapped[list["Product"]] = relationship(
        back_populates="maker", order_by="Product.id"
    )


class Product(Base):
    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    weight: Mapped[float | None]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    state: Mapped[State] = mapped_column(Enum(State, native_enum=False))
    made: Mapped[dt.date]
    changed: Mapped[dt.datetime | None]
    maker_id: Mapped[int] = mapped_column(ForeignKey("makers.id"))
    maker: Mapped[Maker] = relationship(back_populates="products")
