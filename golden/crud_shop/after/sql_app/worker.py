import os

from celery import Celery
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from . import models
from .database import SyncSessionLocal

app = Celery("shop", broker=os.getenv("BROKER_URL", "memory://"))


@app.task
def restock(sku: str, amount: int) -> int:
    """What came in with the lorry; gives the new stock."""
    db = SyncSessionLocal()
    try:
        product = db.scalars(
            select(models.Product).where(models.Product.sku == sku).limit(1)
        ).first()
        if product is None:
            product = models.Product(sku=sku, title=sku.title(), price=0, stock=0)
            db.add(product)
        product.stock += amount
        db.commit()
        db.refresh(product)
        return product.stock
    finally:
        db.close()


@app.task
def close_empty_orders() -> list[int]:
    closed = []
    with SyncSessionLocal() as db:
        for order in db.scalars(
            select(models.Order)
            .options(selectinload(models.Order.items))
            .filter_by(status="open")
        ):
            if not order.items:
                order.status = "closed"
                closed.append(order.id)
        db.commit()
    return closed
