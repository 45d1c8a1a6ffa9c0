"""What goes on behind the answers. Nothing here may use a session of a request."""

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from . import models
from .databases import SITES, CatalogueSession, ReadOnly, metrics, open_site


async def note(name, result):
    metrics.add(models.Job(name=name, result=str(result)))
    await metrics.commit()
    await metrics.remove()


async def recount(sku):
    """Sums a product up over the sites."""
    total = 0
    for site in SITES:
        async with open_site(site) as db:
            total += await db.scalar(select(func.sum(models.Stock.quantity)).where(models.Stock.sku == sku)) or 0
    db = CatalogueSession()
    product = await db.get(models.Product, sku)
    if product is not None:
        product.in_stock = total
        await db.commit()
    await db.close()
    await note(f"recount {sku}", total)


async def check_category(category_id: int):
    """A coroutine over sync sessions."""
    async with ReadOnly() as db:
        category = await db.get(
            models.Category,
            category_id,
            options=[selectinload(models.Category.products)],
        )
        empty = [product.sku for product in category.products if not product.in_stock]
    await note(f"check {category.name}", ",".join(empty) or "all there")
