from typing import Annotated, List

from fastapi import APIRouter, Depends, Query, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import crud, models, schemas
from ..database import get_db

router = APIRouter(prefix="/products", tags=["products"])


@router.get("", response_model=List[schemas.ProductOut])
async def read_products(
    state: models.State | None = None,
    min_weight: float | None = None,
    db: Session = Depends(get_db),
):
    """All products, however many."""
    query = db.query(models.Product)
    if state:
        query = query.filter(models.Product.state == state)
    if min_weight is not None:
        query = query.filter(models.Product.weight >= min_weight)
    return query.order_by(models.Product.id).all()


@router.get("/page", response_model=List[schemas.ProductLine])
def read_page(
    page: Annotated[int, Query(ge=1)] = 1, size: int = 10, db: Session = Depends(get_db)
):
    products = db.query(models.Product).order_by(models.Product.id)
    return products.offset((page - 1) * size).limit(size).all()


@router.get("/all", response_model=schemas.ProductPage)
def read_all(db: Session = Depends(get_db)):
    items = db.query(models.Product).order_by(models.Product.id).all()
    return {"total": crud.count(db), "items": items}


@router.get("/weights")
def read_weights(db: Session = Depends(get_db)):
    result = db.execute(
        select(models.Product.id, models.Product.weight).order_by(models.Product.id)
    )
    return result.mappings().all()


@router.get(
    "/export",
    response_model=list[schemas.ProductLine],
    response_model_exclude_none=True,
    response_model_by_alias=False,
    status_code=status.HTTP_203_NON_AUTHORITATIVE_INFORMATION,
    responses={404: {"description": "Never."}},
)
def export(db: Session = Depends(get_db)):
    lines = db.scalars(select(models.Product).order_by(models.Product.code.desc())).all()
    return lines
