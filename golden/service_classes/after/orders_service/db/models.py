from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(120), unique=True)

    orders: Mapped[list[Order]] = relationship(back_populates="customer", order_by="Order.id")


class Article(Base):
    __tablename__ = "article"
    __table_args__ = (CheckConstraint("stock >= 0", name="stock_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(20), unique=True)
    cents: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)


class Order(Base):
    __tablename__ = "customer_order"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    state: Mapped[str] = mapped_column(String(10), default="new")

    customer: Mapped[Customer] = relationship(back_populates="orders")
    lines: Mapped[list[Line]] = relationship(
        back_populates="order", cascade="all, delete-orphan", order_by="Line.id"
    )

    @property
    def total_cents(self) -> int:
        return sum(line.quantity * line.article.cents for line in self.lines)


class Line(Base):
    __tablename__ = "order_line"
    __table_args__ = (UniqueConstraint("order_id", "article_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"))
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    quantity: Mapped[int]

    order: Mapped[Order] = relationship(back_populates="lines")
    article: Mapped[Article] = relationship()
