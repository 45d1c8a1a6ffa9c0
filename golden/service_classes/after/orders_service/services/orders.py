from __future__ import annotations

from collections.abc import Sequence
from typing import Iterable

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from orders_service.core.errors import Conflict, ServiceError
from orders_service.db.models import Customer, Line, Order

from .base import BaseService
from .customers import CustomerService
from .stock import StockService


class OrderService(BaseService):
    def __init__(self, db: AsyncSession, stock: StockService | None = None) -> None:
        super().__init__(db)
        self.stock = stock or StockService(db)
        self.customers = CustomerService(db)

    async def get(self, order_id: int, options: Sequence[ORMOption] = ()) -> Order:
        return await self._require(Order, order_id, options=options)

    async def of_customer(self, customer_id: int) -> list[Order]:
        return (
            await self.customers.get(
                customer_id,
                options=[
                    selectinload(Customer.orders).options(
                        selectinload(Order.customer),
                        selectinload(Order.lines).selectinload(Line.article),
                    )
                ],
            )
        ).orders

    async def place(self, customer_id: int, lines: Iterable[tuple[str, int]]) -> Order:
        customer = await self.customers.get(customer_id)
        order = Order(customer=customer)
        try:
            for sku, quantity in lines:
                article = await self.stock.take(sku, quantity)
                order.lines.append(Line(article=article, quantity=quantity))
            self.db.add(order)
            await self.db.commit()
        except IntegrityError as exc:
            await self.db.rollback()
            raise Conflict("an article may appear only once in an order") from exc
        except ServiceError:
            await self.db.rollback()
            raise
        else:
            await self.db.get(
                Order,
                order.id,
                options=[
                    immediateload(Order.customer),
                    selectinload(Order.lines).selectinload(Line.article),
                ],
                populate_existing=True,
            )
            return order

    async def ship(self, order_id: int) -> Order:
        order = await self.get(order_id)
        if order.state != "new":
            raise Conflict(f"order {order.id} is {order.state}")
        order.state = "shipped"
        await self.db.commit()
        await self.db.get(
            Order,
            order.id,
            options=[
                immediateload(Order.customer),
                selectinload(Order.lines).selectinload(Line.article),
            ],
            populate_existing=True,
        )
        return order

    async def cancel(self, order_id: int) -> None:
        order = await self.get(
            order_id, options=[selectinload(Order.lines).selectinload(Line.article)]
        )
        if order.state == "shipped":
            raise Conflict("too late, it is on its way")
        for line in order.lines:
            line.article.stock += line.quantity
        await self.db.delete(order)
        await self.db.commit()
