from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import models


def get_maker(db: Session, maker_id: int) -> models.Maker | None:
    return db.get(models.Maker, maker_id)


def products_of(db: Session, maker_id: int) -> list[models.Product]:
    return (
        db.query(models.Product)
        .filter(models.Product.maker_id == maker_id)
        .order_by(models.Product.id)
        .all()
    )


def makers(db: Session) -> list[models.Maker]:
    """Used by a list and by the check for lonely makers."""
    return db.query(models.Maker).order_by(models.Maker.name).all()


def lonely(db: Session) -> list[models.Maker]:
    busy = set(db.scalars(select(models.Product.maker_id).distinct()).all())
    return [maker for maker in makers(db) if maker.id not in busy]


def count(db: Session) -> int:
    return db.scalar(select(func.count()).select_from(models.Product)) or 0
