from sqlalchemy.exc import IntegrityError

from orders_service.core.errors import Conflict
from orders_service.db.models import Customer

from .base import BaseService


class CustomerService(BaseService):
    def create(self, name: str, email: str) -> Customer:
        return self._save(
            Customer(name=name, email=email.lower()),
            conflict=f"{email} is taken",
        )

    def all(self) -> list[Customer]:
        return self.db.query(Customer).order_by(Customer.name, Customer.id).all()

    def get(self, customer_id: int) -> Customer:
        return self._require(Customer, customer_id)

    def rename(self, customer_id: int, name: str) -> Customer:
        customer = self.get(customer_id)
        customer.name = name
        self.db.commit()
        return customer

    def delete(self, customer_id: int) -> None:
        customer = self.get(customer_id)
        if customer.orders:
            raise Conflict(f"{customer.name} has {len(customer.orders)} orders")
        try:
            self.db.delete(customer)
            self.db.commit()
        except IntegrityError:
            self.db.rollback()
            raise
