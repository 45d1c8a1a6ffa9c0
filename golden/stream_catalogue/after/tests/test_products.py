import datetime as dt
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from catalogue.database import Base, get_db
from catalogue.main import app
from catalogue.models import Maker, Product, State


@pytest.fixture
async def client(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    Testing = async_sessionmaker(engine, expire_on_commit=False)
    async with Testing() as db:
        db.add(Maker(id=1, name="One"))
        db.add(
            Product(
                code="a",
                title="A",
                price=Decimal("1.50"),
                state=State.sold,
                made=dt.date(2024, 5, 6),
                maker_id=1,
            )
        )
        await db.commit()

    async def override():
        async with Testing() as db:
            yield db

    app.dependency_overrides[get_db] = override
    yield TestClient(app)
    app.dependency_overrides.clear()
    await engine.dispose()


def test_products(client):
    [product] = client.get("/products").json()
    assert product["sku"] == "a"
    assert product["made"] == "06.05.2024"
    assert product["maker"] == {"id": 1, "name": "One", "country": None}


def test_products_of_nobody(client):
    assert client.get("/makers/7/products").status_code == 404


def test_makers(client):
    assert client.get("/makers").json() == [{"id": 1, "name": "One", "country": None}]
