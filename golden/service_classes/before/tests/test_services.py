import pytest

from orders_service.core.errors import Conflict, NotFound, OutOfStock
from orders_service.services import CustomerService, OrderService, StockService


@pytest.fixture
def customer(db):
    return CustomerService(db).create("Ada", "ada@example.org")


def test_email_is_unique(db, customer):
    with pytest.raises(Conflict):
        CustomerService(db).create("Other Ada", "ADA@example.org")
    assert [c.name for c in CustomerService(db).all()] == ["Ada"]


def test_unknown_article(db, customer):
    with pytest.raises(NotFound, match="Article X"):
        OrderService(db).place(customer.id, [("X", 1)])


def test_failed_order_takes_nothing(db, customer):
    stock = StockService(db)
    stock.add_article("A", 100, stock=5)
    stock.add_article("B", 100, stock=1)
    with pytest.raises(OutOfStock):
        OrderService(db).place(customer.id, [("A", 2), ("B", 2)])
    assert stock.by_sku("A").stock == 5
    assert stock.value_in_cents() == 600
