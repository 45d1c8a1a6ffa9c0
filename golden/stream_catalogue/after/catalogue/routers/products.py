from typing import Annotated, List

from fastapi import APIRouter, Depends, Query, status
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from .. import crud, models, schemas
from ..database import get_db
from ..json_stream import stream_json_array

router = APIRouter(prefix="/products", tags=["products"])


@router.get("", response_model=List[schemas.ProductOut])
async def read_products(
    state: models.State | None = None,
    min_weight: float | None = None,
    db: AsyncSession = Depends(get_db),
):
    """All products, however many."""
    query = select(models.Product).options(selectinload(models.Product.maker))
    if state:
        query = query.where(models.Product.state == state)
    if min_weight is not None:
        query = query.where(models.Product.weight >= min_weight)
    return await stream_json_array(
        await db.stream_scalars(
            query.order_by(models.Product.id).execution_options(yield_per=500)
        ),
        List[schemas.ProductOut],
    )


@router.get("/page", response_model=List[schemas.ProductLine])
async def read_page(
    page: Annotated[int, Query(ge=1)] = 1,
    size: int = 10,
    db: AsyncSession = Depends(get_db),
):
    products = select(models.Product).order_by(models.Product.id)
    return (await db.scalars(products.offset((page - 1) * size).limit(size))).all()


@router.get("/all", response_model=schemas.ProductPage)
async def read_all(db: AsyncSession = Depends(get_db)):
    items = (await db.scalars(select(models.Product).order_by(models.Product.id))).all()
    return {"total": await crud.count(db), "items": items}


@router.get("/weights")
async def read_weights(db: AsyncSession = Depends(get_db)):
    result = await db.execute(
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
async def export(db: AsyncSession = Depends(get_db)):
    lines = await db.stream_scalars(
        select(models.Product)
        .order_by(models.Product.code.desc())
        .execution_options(yield_per=500)
    )
    return await stream_json_array(
        lines,
        list[schemas.ProductLine],
        status_code=status.HTTP_203_NON_AUTHORITATIVE_INFORMATION,
        by_alias=False,
        exclude_none=True,
    )
