from __future__ import annotations

from typing import Iterable

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orders_service.core.errors import Conflict, ServiceError
from orders_service.db.models import Line, Order

from .base import BaseService
from .customers import CustomerService
from .stock import StockService


class OrderService(BaseService):
    def __init__(self, db: Session, stock: StockService | None = None) -> None:
        super().__init__(db)
        self.stock = stock or StockService(db)
        self.customers = CustomerService(db)

    def get(self, order_id: int) -> Order:
        return self._require(Order, order_id)

    def of_customer(self, customer_id: int) -> list[Order]:
        return self.customers.get(customer_id).orders

    def place(self, customer_id: int, lines: Iterable[tuple[str, int]]) -> Order:
        customer = self.customers.get(customer_id)
        order = Order(customer=customer)
        try:
            for sku, quantity in lines:
                article = self.stock.take(sku, quantity)
                order.lines.append(Line(article=article, quantity=quantity))
            self.db.add(order)
            self.db.commit()
        except IntegrityError as exc:
            self.db.rollback()
            raise Conflict("an article may appear only once in an order") from exc
        except ServiceError:
            self.db.rollback()
            raise
        else:
            self.db.refresh(order)
            return order

    def ship(self, order_id: int) -> Order:
        order = self.get(order_id)
        if order.state != "new":
            raise Conflict(f"order {order.id} is {order.state}")
        order.state = "shipped"
        self.db.commit()
        return order

    def cancel(self, order_id: int) -> None:
        order = self.get(order_id)
        if order.state == "shipped":
            raise Conflict("too late, it is on its way")
        for line in order.lines:
            line.article.stock += line.quantity
        self.db.delete(order)
        self.db.commit()
