import pytest

from orders_service.core.errors import Conflict, NotFound, OutOfStock
from orders_service.services import CustomerService, OrderService, StockService

pytestmark = pytest.mark.anyio


@pytest.fixture
async def customer(db):
    return await CustomerService(db).create("Ada", "ada@example.org")


async def test_email_is_unique(db, customer):
    with pytest.raises(Conflict):
        await CustomerService(db).create("Other Ada", "ADA@example.org")
    assert [c.name for c in await CustomerService(db).all()] == ["Ada"]


async def test_unknown_article(db, customer):
    with pytest.raises(NotFound, match="Article X"):
        await OrderService(db).place(customer.id, [("X", 1)])


async def test_failed_order_takes_nothing(db, customer):
    stock = StockService(db)
    await stock.add_article("A", 100, stock=5)
    await stock.add_article("B", 100, stock=1)
    with pytest.raises(OutOfStock):
        await OrderService(db).place(customer.id, [("A", 2), ("B", 2)])
    assert (await stock.by_sku("A")).stock == 5
    assert await stock.value_in_cents() == 600
