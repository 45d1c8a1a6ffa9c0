from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from . import crud, models, schemas
from .database import SessionLocal, engine


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(models.Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


# Dependency
async def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        await db.close()


@app.post("/users/", response_model=schemas.User)
async def create_user(user: schemas.UserCreate, db: AsyncSession = Depends(get_db)):
    db_user = await crud.get_user_by_email(db, email=user.email)
    if db_user:
        raise HTTPException(status_code=400, detail="Email already registered")
    return await crud.create_user(db=db, user=user)


@app.get("/users/", response_model=list[schemas.User])
async def read_users(
    skip: int = 0, limit: int = 100, db: AsyncSession = Depends(get_db)
):
    users = await crud.get_users(db, skip=skip, limit=limit)
    return users


@app.get("/users/{user_id}", response_model=schemas.User)
async def read_user(user_id: int, db: AsyncSession = Depends(get_db)):
    db_user = await crud.get_user(
        db,
        user_id=user_id,
        options=[
            selectinload(models.User.orders)
            .selectinload(models.Order.items)
            .selectinload(models.OrderItem.product)
        ],
    )
    if db_user is None:
        raise HTTPException(status_code=404, detail="User not found")
    return db_user


@app.post("/users/{user_id}/orders/", response_model=schemas.Order, status_code=201)
async def create_order_for_user(
    user_id: int, order: schemas.OrderCreate, db: AsyncSession = Depends(get_db)
):
    if await crud.get_user(db, user_id) is None:
        raise HTTPException(status_code=404, detail="User not found")
    db_order = await crud.create_user_order(db=db, order=order, user_id=user_id)
    if db_order is None:
        raise HTTPException(status_code=409, detail="Product not available")
    return db_order


@app.get("/products/", response_model=list[schemas.Product])
async def read_products(
    skip: int = 0,
    limit: int = 100,
    search: str | None = None,
    db: AsyncSession = Depends(get_db),
):
    return await crud.get_products(db, skip=skip, limit=limit, search=search)


@app.post("/products/", response_model=schemas.Product, status_code=201)
async def create_product(
    product: schemas.ProductCreate, db: AsyncSession = Depends(get_db)
):
    return await crud.create_product(db, product)


@app.patch("/products/{product_id}", response_model=schemas.Product)
async def update_product(
    product_id: int, product: schemas.ProductUpdate, db: AsyncSession = Depends(get_db)
):
    db_product = await crud.get_product(db, product_id)
    if not db_product:
        raise HTTPException(status_code=404, detail="Product not found")
    return await crud.update_product(db, db_product, product)


@app.delete("/products/{product_id}")
async def delete_product(product_id: int, db: AsyncSession = Depends(get_db)):
    db_product = await crud.get_product(db, product_id)
    if not db_product:
        raise HTTPException(status_code=404, detail="Product not found")
    if await crud.product_is_used(db, product_id):
        raise HTTPException(status_code=409, detail="Product is part of an order")
    await crud.delete_product(db, db_product)
    return {"ok": True}


@app.get("/orders/", response_model=list[schemas.Order])
async def read_orders(
    status: str | None = None,
    skip: int = 0,
    limit: int = 100,
    db: AsyncSession = Depends(get_db),
):
    return await crud.get_orders(db, status=status, skip=skip, limit=limit)


@app.get("/orders/{order_id}", response_model=schemas.Order)
async def read_order(order_id: int, db: AsyncSession = Depends(get_db)):
    db_order = await crud.get_order(
        db,
        order_id,
        options=[
            selectinload(models.Order.items).selectinload(models.OrderItem.product)
        ],
    )
    if db_order is None:
        raise HTTPException(status_code=404, detail="Order not found")
    return db_order


@app.post("/orders/{order_id}/cancel", response_model=schemas.Order)
async def cancel_order(order_id: int, db: AsyncSession = Depends(get_db)):
    db_order = await crud.get_order(
        db,
        order_id,
        options=[
            selectinload(models.Order.items).selectinload(models.OrderItem.product)
        ],
    )
    if db_order is None:
        raise HTTPException(status_code=404, detail="Order not found")
    if db_order.status != "open":
        raise HTTPException(status_code=409, detail="Order is not open")
    return await crud.cancel_order(db, db_order)


@app.delete("/orders/{order_id}", status_code=204)
async def delete_order(order_id: int, db: AsyncSession = Depends(get_db)):
    db_order = await crud.get_order(db, order_id)
    if db_order is None:
        raise HTTPException(status_code=404, detail="Order not found")
    await crud.delete_order(db, db_order)
