import pytest

from depot import models, service
from depot.databases import open_site


def fill(catalogue):
    with catalogue.begin() as db:
        db.add(models.Product(sku="A", title="Apple", category=service.category(db, "fruit")))


def test_two_databases(catalogue, site):
    fill(catalogue)
    with catalogue() as db:
        service.put(site, db, "low", "A", 3)
        service.put(site, db, "low", "A", 2)
        service.put(site, db, "high", "A", 1)
        assert service.labels(site, db) == [
            {"shelf": "high", "stock": [{"title": "Apple", "quantity": 1}]},
            {"shelf": "low", "stock": [{"title": "Apple", "quantity": 5}]},
        ]
        with pytest.raises(service.NotThere):
            service.put(site, db, "low", "B", 1)
    assert service.take(site, "A", 6) == ["low", "high"]
    with pytest.raises(service.TooFew):
        service.take(site, "A", 1)


def test_only_the_catalogue_is_another(client, catalogue):
    fill(catalogue)
    response = client.post("/products", json={"sku": "B", "title": "Pear", "category": "fruit"})
    assert response.status_code == 201
    (fruit,) = client.get("/categories").json()
    assert [product["sku"] for product in fruit["products"]] == ["A", "B"]
    assert client.post("/shelves/x", json={"sku": "B", "quantity": 1}, headers={"x-site": "north"}).status_code == 201
    with open_site("north") as db:
        assert db.query(models.Stock).filter_by(sku="B").count() >= 1
