import pytest

from orders_service.services import StockService

pytestmark = pytest.mark.anyio


async def test_order_over_http(client, db):
    await StockService(db).add_article("A", 250, stock=4)
    ada = client.post("/api/v1/customers", json={"name": "Ada", "email": "a@b.c"}).json()

    response = client.post(
        "/api/v1/orders",
        json={"customer_id": ada["id"], "lines": [{"sku": "A", "quantity": 3}]},
    )

    assert response.status_code == 201
    assert response.json()["total_cents"] == 750
    db.expire_all()
    assert (await StockService(db).by_sku("A")).stock == 1


def test_errors_become_answers(client):
    response = client.get("/api/v1/orders/77")
    assert response.status_code == 404
    assert response.json() == {"error": "NotFound", "message": "Order 77 does not exist"}
