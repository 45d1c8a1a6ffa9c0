from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncScalarResult, AsyncSession
from sqlalchemy.orm import selectinload

from . import models


async def get_maker(db: AsyncSession, maker_id: int) -> models.Maker | None:
    return await db.get(models.Maker, maker_id)


async def products_of(
    db: AsyncSession, maker_id: int
) -> AsyncScalarResult[models.Product]:
    return await db.stream_scalars(
        select(models.Product)
        .options(selectinload(models.Product.maker))
        .where(models.Product.maker_id == maker_id)
        .order_by(models.Product.id)
        .execution_options(yield_per=500)
    )


async def makers(db: AsyncSession) -> list[models.Maker]:
    """Used by a list and by the check for lonely makers."""
    return (await db.scalars(select(models.Maker).order_by(models.Maker.name))).all()


async def lonely(db: AsyncSession) -> list[models.Maker]:
    busy = set((await db.scalars(select(models.Product.maker_id).distinct())).all())
    return [maker for maker in await makers(db) if maker.id not in busy]


async def count(db: AsyncSession) -> int:
    return await db.scalar(select(func.count()).select_from(models.Product)) or 0
