import pytest
from sqlalchemy import func, select

from depot import models, service
from depot.databases import open_site

pytestmark = pytest.mark.anyio


async def fill(catalogue):
    async with catalogue.begin() as db:
        db.add(models.Product(sku="A", title="Apple", category=await service.category(db, "fruit")))


async def test_two_databases(catalogue, site):
    await fill(catalogue)
    async with catalogue() as db:
        await service.put(site, db, "low", "A", 3)
        await service.put(site, db, "low", "A", 2)
        await service.put(site, db, "high", "A", 1)
        assert await service.labels(site, db) == [
            {"shelf": "high", "stock": [{"title": "Apple", "quantity": 1}]},
            {"shelf": "low", "stock": [{"title": "Apple", "quantity": 5}]},
        ]
        with pytest.raises(service.NotThere):
            await service.put(site, db, "low", "B", 1)
    assert await service.take(site, "A", 6) == ["low", "high"]
    with pytest.raises(service.TooFew):
        await service.take(site, "A", 1)


async def test_only_the_catalogue_is_another(client, catalogue):
    await fill(catalogue)
    response = client.post("/products", json={"sku": "B", "title": "Pear", "category": "fruit"})
    assert response.status_code == 201
    (fruit,) = client.get("/categories").json()
    assert [product["sku"] for product in fruit["products"]] == ["A", "B"]
    assert client.post("/shelves/x", json={"sku": "B", "quantity": 1}, headers={"x-site": "north"}).status_code == 201
    async with open_site("north") as db:
        assert (
            await db.scalar(
                select(func.count()).select_from(models.Stock).filter_by(sku="B")
            )
            >= 1
        )
