"""What goes on behind the answers. Nothing here may use a session of a request."""

from sqlalchemy import func, select

from . import models
from .databases import SITES, CatalogueSession, ReadOnly, metrics, open_site


def note(name, result):
    metrics.add(models.Job(name=name, result=str(result)))
    metrics.commit()
    metrics.remove()


def recount(sku):
    """Sums a product up over the sites."""
    total = 0
    for site in SITES:
        with open_site(site) as db:
            total += db.scalar(select(func.sum(models.Stock.quantity)).where(models.Stock.sku == sku)) or 0
    db = CatalogueSession()
    product = db.get(models.Product, sku)
    if product is not None:
        product.in_stock = total
        db.commit()
    db.close()
    note(f"recount {sku}", total)


async def check_category(category_id: int):
    """A coroutine over sync sessions."""
    with ReadOnly() as db:
        category = db.get(models.Category, category_id)
        empty = [product.sku for product in category.products if not product.in_stock]
    note(f"check {category.name}", ",".join(empty) or "all there")
