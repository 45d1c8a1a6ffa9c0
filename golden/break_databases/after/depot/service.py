from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from .databases import open_site
from .models import Category, Product, Shelf, Stock


class NotThere(Exception):
    pass


class TooFew(Exception):
    pass


async def category(db: AsyncSession, name: str) -> Category:
    found = (await db.scalars(select(Category).filter_by(name=name).limit(1))).first()
    if not found:
        found = Category(name=name)
        db.add(found)
        await db.flush()
    return found


async def put(site: AsyncSession, catalogue: AsyncSession, shelf_name: str, sku: str, quantity: int, options: Sequence[ORMOption] = ()) -> Stock:
    if await catalogue.get(Product, sku) is None:
        raise NotThere(f"No product {sku}")
    shelf = (
        await site.scalars(select(Shelf).where(Shelf.name == shelf_name).limit(1))
    ).first() or Shelf(name=shelf_name)
    site.add(shelf)
    stock = (
        (
            await site.scalars(
                select(Stock)
                .options(*options)
                .join(Stock.shelf)
                .where(Shelf.name == shelf_name, Stock.sku == sku)
            )
        )
        .unique()
        .one_or_none()
    )
    if stock:
        stock.quantity += quantity
    else:
        stock = Stock(shelf=shelf, sku=sku, quantity=quantity)
        site.add(stock)
    await site.flush()
    await site.get(
        Stock, stock.id, options=[immediateload(Stock.shelf)], populate_existing=True
    )
    return stock


async def take(site: AsyncSession, sku: str, quantity: int) -> list[str]:
    """Takes from as many shelves as it needs; the names of those."""
    taken = []
    for stock in await site.scalars(
        select(Stock)
        .options(selectinload(Stock.shelf))
        .where(Stock.sku == sku)
        .order_by(Stock.quantity.desc(), Stock.id)
    ):
        part = min(stock.quantity, quantity)
        if not part:
            break
        stock.quantity -= part
        quantity -= part
        taken.append(stock.shelf.name)
    if quantity:
        raise TooFew(f"{quantity} of {sku} are missing")
    return taken


async def transfer(catalogue: AsyncSession, source: str, target: str, sku: str, quantity: int) -> dict:
    """Two databases, both or none (as far as that goes)."""
    async with open_site(source) as here, open_site(target) as there:
        arrived = await put(
            there,
            catalogue,
            f"from {source}",
            sku,
            quantity,
            options=[immediateload(Stock.shelf)],
        )
        shelves = await take(here, sku, quantity)
        return {"from": shelves, "to": arrived.shelf.name, "there": arrived.quantity}


async def labels(site: AsyncSession, catalogue: AsyncSession) -> list[dict]:
    titles = {
        sku: title
        for sku, title in await catalogue.execute(select(Product.sku, Product.title))
    }
    return [
        {
            "shelf": shelf.name,
            "stock": [
                {"title": titles[s.sku], "quantity": s.quantity}
                for s in shelf.stock
                if s.quantity
            ],
        }
        for shelf in (
            await site.scalars(
                select(Shelf).options(selectinload(Shelf.stock)).order_by(Shelf.name)
            )
        ).all()
    ]
