import pytest
from fastapi.testclient import TestClient

from shop import ordering
from shop.main import app
from shop.models import Item
from shop.sessions import Base, Factory, current_session, engine, registry


@pytest.fixture(autouse=True)
def items():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Factory() as session:
        session.add_all([Item(name="tea", stock=5), Item(name="milk", stock=1)])
        session.commit()
    yield
    registry.remove()


def test_transaction():
    assert ordering.order({"tea": 2, "milk": 1}) == [1, 2]
    with pytest.raises(ordering.OutOfStock):
        ordering.order({"tea": 2, "milk": 1})
    assert ordering.stock_of("tea") == 3
    assert ordering.total(minimum=2) == 1
    with pytest.raises(RuntimeError):
        current_session()


def test_registry():
    assert ordering.names() == ["milk", "tea"]
    assert ordering.rename("tea", "coffee")
    with Factory() as session:
        assert session.get(Item, 1).name == "coffee"


def test_http():
    client = TestClient(app)
    assert client.post("/orders", json={"milk": 9}).json() == {"detail": "milk is sold out", "left": 1}
    assert client.get("/items").json() == ["milk", "tea"]
