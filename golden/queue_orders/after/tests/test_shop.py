import pytest
from fastapi.testclient import TestClient

from shop.main import app


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


def test_messages_are_there_after_the_order(client):
    ada = client.post("/customers", json={"name": "Ada", "email": "ada@x.org"}).json()
    order = client.post("/orders", json={"customer_id": ada["id"], "article": "tea"}).json()
    messages = client.get("/messages").json()
    assert ["ada@x.org", "2 receipt for tea"] in messages
    assert ["warehouse", f"ship {order['id']}"] in messages
    assert client.get(f"/orders/{order['id']}").json()["status"] == "packed"


def test_a_failing_job_is_seen_by_the_test(client):
    ada = client.post("/customers", json={"name": "Ada", "email": "ada@x.org"}).json()
    with pytest.raises(ValueError, match="nothing to pack"):
        client.post("/orders", json={"customer_id": ada["id"], "article": "nothing"})


def test_without_a_lifespan():
    with TestClient(app):
        pass
    client = TestClient(app)
    assert client.get("/orders/4711").status_code == 404
    ada = client.post("/customers", json={"name": "Ada", "email": "bare@x.org"}).json()
    client.post("/orders", json={"customer_id": ada["id"], "article": "milk"})
    assert ["bare@x.org", "2 receipt for milk"] in client.get("/messages").json()
