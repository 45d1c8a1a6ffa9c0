from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from . import ordering
from .models import Order
from .sessions import Base, Factory, engine, registry, request_id


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
numbers = count(1)


async def get_db():
    db = Factory()
    try:
        yield db
    finally:
        await db.close()


@app.middleware("http")
async def scope(request: Request, call_next):
    token = request_id.set(f"request-{next(numbers)}")
    try:
        return await call_next(request)
    finally:
        await registry.remove()
        request_id.reset(token)


@app.exception_handler(ordering.OutOfStock)
async def out_of_stock(request: Request, exc: ordering.OutOfStock):
    return JSONResponse(
        {
            "detail": f"{exc} is sold out",
            "left": await run_in_threadpool(ordering.stock_of, str(exc)),
        },
        409,
    )


@app.put("/items/{name}")
async def restock(name: str, quantity: int):
    return {"committed": await run_in_threadpool(ordering.restock, name, quantity)}


@app.get("/items")
async def items():
    return await ordering.names()


@app.patch("/items/{name}")
async def rename(name: str, to: str):
    if not await ordering.rename(name, to):
        raise HTTPException(404, "No such item")
    return await ordering.names()


@app.post("/orders", status_code=201)
async def order(lines: dict[str, int]):
    return {
        "ids": await run_in_threadpool(ordering.order, lines),
        "total": await run_in_threadpool(ordering.total),
    }


@app.get("/orders/{order_id}")
async def read_order(order_id: int, db: AsyncSession = Depends(get_db)):
    found = await db.get(Order, order_id)
    if found is None:
        raise HTTPException(404, "No such order")
    return {"item": found.item_id, "quantity": found.quantity}


@app.get("/orders")
async def orders(minimum: int = 0, db: AsyncSession = Depends(get_db)):
    found = (await db.scalars(select(Order).where(Order.quantity >= minimum).order_by(Order.id))).all()
    return [o.quantity for o in found]
