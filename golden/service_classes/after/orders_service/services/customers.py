from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from orders_service.core.errors import Conflict
from orders_service.db.models import Customer

from .base import BaseService


class CustomerService(BaseService):
    async def create(self, name: str, email: str) -> Customer:
        return await self._save(
            Customer(name=name, email=email.lower()),
            conflict=f"{email} is taken",
        )

    async def all(self) -> list[Customer]:
        return (
            await self.db.scalars(select(Customer).order_by(Customer.name, Customer.id))
        ).all()

    async def get(
        self, customer_id: int, options: Sequence[ORMOption] = ()
    ) -> Customer:
        return await self._require(Customer, customer_id, options=options)

    async def rename(self, customer_id: int, name: str) -> Customer:
        customer = await self.get(customer_id)
        customer.name = name
        await self.db.commit()
        await self.db.refresh(customer)
        return customer

    async def delete(self, customer_id: int) -> None:
        customer = await self.get(customer_id, options=[selectinload(Customer.orders)])
        if customer.orders:
            raise Conflict(f"{customer.name} has {len(customer.orders)} orders")
        try:
            await self.db.delete(customer)
            await self.db.commit()
        except IntegrityError:
            await self.db.rollback()
            raise
