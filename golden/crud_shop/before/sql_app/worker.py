import os

from celery import Celery

from . import models
from .database import SessionLocal

app = Celery("shop", broker=os.getenv("BROKER_URL", "memory://"))


@app.task
def restock(sku: str, amount: int) -> int:
    """What came in with the lorry; gives the new stock."""
    db = SessionLocal()
    try:
        product = db.query(models.Product).filter(models.Product.sku == sku).first()
        if product is None:
            product = models.Product(sku=sku, title=sku.title(), price=0, stock=0)
            db.add(product)
        product.stock += amount
        db.commit()
        return product.stock
    finally:
        db.close()


@app.task
def close_empty_orders() -> list[int]:
    closed = []
    with SessionLocal() as db:
        for order in db.query(models.Order).filter_by(status="open"):
            if not order.items:
                order.status = "closed"
                closed.append(order.id)
        db.commit()
    return closed
