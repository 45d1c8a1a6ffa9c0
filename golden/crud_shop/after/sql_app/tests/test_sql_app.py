import asyncio

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from ..database import Base
from ..main import app, get_db

pytestmark = pytest.mark.anyio

SQLALCHEMY_DATABASE_URL = "sqlite+aiosqlite://"

engine = create_async_engine(
    SQLALCHEMY_DATABASE_URL,
    connect_args={"check_same_thread": False},
    poolclass=StaticPool,
)
TestingSessionLocal = async_sessionmaker(
    autocommit=False, autoflush=False, bind=engine, expire_on_commit=False
)


async def create_tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


asyncio.run(create_tables())


async def override_get_db():
    try:
        db = TestingSessionLocal()
        yield db
    finally:
        await db.close()


app.dependency_overrides[get_db] = override_get_db

client = TestClient(app)


def test_create_user():
    response = client.post(
        "/users/",
        json={"email": "deadpool@example.com", "password": "chimichangas4life"},
    )
    assert response.status_code == 200, response.text
    data = response.json()
    assert data["email"] == "deadpool@example.com"
    assert "id" in data
    user_id = data["id"]

    response = client.get(f"/users/{user_id}")
    assert response.status_code == 200, response.text
    data = response.json()
    assert data["email"] == "deadpool@example.com"
    assert data["id"] == user_id
    assert data["orders"] == []


def test_order_takes_from_stock():
    product = client.post(
        "/products/", json={"sku": "T-1", "title": "Taco", "price": "2.50", "stock": 3}
    ).json()
    response = client.post(
        "/users/1/orders/", json={"items": [{"product_id": product["id"], "quantity": 2}]}
    )
    assert response.status_code == 201, response.text
    assert response.json()["items"][0]["product"]["stock"] == 1

    response = client.post(
        "/users/1/orders/", json={"items": [{"product_id": product["id"], "quantity": 2}]}
    )
    assert response.status_code == 409

    # nothing was left behind by the refused one
    assert len(client.get("/orders/").json()) == 1


async def test_product_is_stored():
    client.post("/products/", json={"sku": "T-2", "title": "Tea", "price": "1", "stock": 0})
    db = TestingSessionLocal()
    from ..models import Product

    tea = (await db.scalars(select(Product).where(Product.sku == "T-2"))).one()
    assert tea.title == "Tea"
    assert await db.scalar(select(func.count()).select_from(Product)) == 2
    await db.close()
