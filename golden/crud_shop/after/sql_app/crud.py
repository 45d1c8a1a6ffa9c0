from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from . import models, schemas


async def get_user(db: AsyncSession, user_id: int, options: Sequence[ORMOption] = ()):
    return (
        await db.scalars(
            select(models.User)
            .options(*options)
            .where(models.User.id == user_id)
            .limit(1)
        )
    ).first()


async def get_user_by_email(db: AsyncSession, email: str):
    return (
        await db.scalars(select(models.User).where(models.User.email == email).limit(1))
    ).first()


async def get_users(db: AsyncSession, skip: int = 0, limit: int = 100):
    return (
        await db.scalars(
            select(models.User)
            .options(
                selectinload(models.User.orders)
                .selectinload(models.Order.items)
                .selectinload(models.OrderItem.product)
            )
            .order_by(models.User.id)
            .offset(skip)
            .limit(limit)
        )
    ).all()


async def create_user(db: AsyncSession, user: schemas.UserCreate):
    fake_hashed_password = user.password + "notreallyhashed"
    db_user = models.User(email=user.email, hashed_password=fake_hashed_password)
    db.add(db_user)
    await db.commit()
    await db.get(
        models.User,
        db_user.id,
        options=[
            selectinload(models.User.orders)
            .selectinload(models.Order.items)
            .selectinload(models.OrderItem.product)
        ],
        populate_existing=True,
    )
    return db_user


async def get_products(db: AsyncSession, skip: int = 0, limit: int = 100, search: str | None = None):
    query = select(models.Product)
    if search:
        query = query.where(models.Product.title.ilike(f"%{search}%"))
    return (
        await db.scalars(query.order_by(models.Product.id).offset(skip).limit(limit))
    ).all()


async def get_product(db: AsyncSession, product_id: int):
    return await db.get(models.Product, product_id)


async def create_product(db: AsyncSession, product: schemas.ProductCreate):
    db_product = models.Product(**product.model_dump())
    db.add(db_product)
    await db.commit()
    await db.refresh(db_product)
    return db_product


async def update_product(db: AsyncSession, db_product: models.Product, product: schemas.ProductUpdate):
    for key, value in product.model_dump(exclude_unset=True).items():
        setattr(db_product, key, value)
    await db.commit()
    await db.refresh(db_product)
    return db_product


async def product_is_used(db: AsyncSession, product_id: int):
    return (
        await db.scalar(
            select(func.count())
            .select_from(models.OrderItem)
            .filter_by(product_id=product_id)
        )
        > 0
    )


async def delete_product(db: AsyncSession, db_product: models.Product):
    await db.delete(db_product)
    await db.commit()


async def get_order(db: AsyncSession, order_id: int, options: Sequence[ORMOption] = ()):
    return (
        await db.scalars(
            select(models.Order)
            .options(*options)
            .where(models.Order.id == order_id)
            .limit(1)
        )
    ).first()


async def get_orders(
    db: AsyncSession, status: str | None = None, skip: int = 0, limit: int = 100
):
    query = select(models.Order).options(
        selectinload(models.Order.items).selectinload(models.OrderItem.product)
    )
    if status is not None:
        query = query.filter_by(status=status)
    return (
        await db.scalars(
            query.order_by(models.Order.id.desc()).offset(skip).limit(limit)
        )
    ).all()


async def create_user_order(db: AsyncSession, order: schemas.OrderCreate, user_id: int):
    db_order = models.Order(note=order.note, owner_id=user_id)
    db.add(db_order)
    await db.flush()  # we need the id for the items
    for item in order.items:
        product = await get_product(db, item.product_id)
        if product is None or product.stock < item.quantity:
            await db.rollback()
            return None
        product.stock -= item.quantity
        db.add(models.OrderItem(order_id=db_order.id, **item.model_dump()))
    await db.commit()
    await db.get(
        models.Order,
        db_order.id,
        options=[
            selectinload(models.Order.items).selectinload(models.OrderItem.product)
        ],
        populate_existing=True,
    )
    return db_order


async def cancel_order(db: AsyncSession, db_order: models.Order):
    # put everything back on the shelf
    for item in db_order.items:
        item.product.stock += item.quantity
    db_order.status = "cancelled"
    await db.commit()
    await db.get(
        models.Order,
        db_order.id,
        options=[
            selectinload(models.Order.items).selectinload(models.OrderItem.product)
        ],
        populate_existing=True,
    )
    return db_order


async def delete_order(db: AsyncSession, db_order: models.Order):
    await db.delete(db_order)
    await db.commit()
