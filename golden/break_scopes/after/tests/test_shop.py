import pytest
from fastapi.concurrency import run_in_threadpool
from fastapi.testclient import TestClient

from shop import ordering
from shop.main import app
from shop.models import Item
from shop.sessions import Base, Factory, current_session, engine, registry

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def items():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with Factory() as session:
        session.add_all([Item(name="tea", stock=5), Item(name="milk", stock=1)])
        await session.commit()
    yield
    await registry.remove()


async def test_transaction():
    assert await run_in_threadpool(ordering.order, {"tea": 2, "milk": 1}) == [1, 2]
    with pytest.raises(ordering.OutOfStock):
        await run_in_threadpool(ordering.order, {"tea": 2, "milk": 1})
    assert await run_in_threadpool(ordering.stock_of, "tea") == 3
    assert await run_in_threadpool(ordering.total, minimum=2) == 1
    with pytest.raises(RuntimeError):
        current_session()


async def test_registry():
    assert await ordering.names() == ["milk", "tea"]
    assert await ordering.rename("tea", "coffee")
    async with Factory() as session:
        assert (await session.get(Item, 1)).name == "coffee"


def test_http():
    client = TestClient(app)
    assert client.post("/orders", json={"milk": 9}).json() == {"detail": "milk is sold out", "left": 1}
    assert client.get("/items").json() == ["milk", "tea"]
