from itertools import count

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import ordering
from .models import Order
from .sessions import Base, Factory, engine, registry, request_id

Base.metadata.create_all(bind=engine)
app = FastAPI()
numbers = count(1)


def get_db():
    db = Factory()
    try:
        yield db
    finally:
        db.close()


@app.middleware("http")
async def scope(request: Request, call_next):
    token = request_id.set(f"request-{next(numbers)}")
    try:
        return await call_next(request)
    finally:
        registry.remove()
        request_id.reset(token)


@app.exception_handler(ordering.OutOfStock)
def out_of_stock(request: Request, exc: ordering.OutOfStock):
    return JSONResponse({"detail": f"{exc} is sold out", "left": ordering.stock_of(str(exc))}, 409)


@app.put("/items/{name}")
def restock(name: str, quantity: int):
    return {"committed": ordering.restock(name, quantity)}


@app.get("/items")
def items():
    return ordering.names()


@app.patch("/items/{name}")
def rename(name: str, to: str):
    if not ordering.rename(name, to):
        raise HTTPException(404, "No such item")
    return ordering.names()


@app.post("/orders", status_code=201)
def order(lines: dict[str, int]):
    return {"ids": ordering.order(lines), "total": ordering.total()}


@app.get("/orders/{order_id}")
async def read_order(order_id: int, db: Session = Depends(get_db)):
    found = db.get(Order, order_id)
    if found is None:
        raise HTTPException(404, "No such order")
    return {"item": found.item_id, "quantity": found.quantity}


@app.get("/orders")
async def orders(minimum: int = 0, db: Session = Depends(get_db)):
    found = db.scalars(select(Order).where(Order.quantity >= minimum).order_by(Order.id)).all()
    return [o.quantity for o in found]
