import asyncio
import subprocess
import threading
from pathlib import Path

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from .database import get_db
from .deps import visitor
from .messages import after_order, archive, print_label, remind, send_receipt, write
from .models import Customer, Order

router = APIRouter(prefix="/orders")
TERMS = Path(__file__).with_name("terms.txt")
printing = threading.Lock()


class OrderIn(BaseModel):
    customer_id: int
    article: str


@router.post("", status_code=201)
async def create_order(
    order: OrderIn,
    background_tasks: BackgroundTasks,
    db: Session = Depends(get_db),
):
    customer = db.get(Customer, order.customer_id)
    if customer is None:
        background_tasks.add_task(write, "nobody", "this is never sent")
        raise HTTPException(404, "no such customer")
    row = Order(customer_id=customer.id, article=order.article)
    db.add(row)
    db.commit()
    db.refresh(row)
    # the customer first
    background_tasks.add_task(send_receipt, customer.email, row.article, copies=2)
    after_order(background_tasks, row.id)
    return {"id": row.id, "article": row.article}


@router.get("/{order_id}")
def read_order(order_id: int, name: str = Depends(visitor), db: Session = Depends(get_db)):
    order = db.get(Order, order_id)
    if order is None:
        raise HTTPException(404, "no such order")
    return {"id": order.id, "status": order.status, "visitor": name}


@router.post("/{order_id}/cancel")
async def cancel_order(order_id: int, db: Session = Depends(get_db)):
    order = db.get(Order, order_id)
    order.status = "cancelled"
    db.commit()
    # tasks of its own, which FastAPI does not know
    return JSONResponse(
        {"id": order_id}, background=BackgroundTask(write, "warehouse", f"stop {order_id}")
    )


@router.post("/{order_id}/remind")
async def remind_customer(order_id: int, db: Session = Depends(get_db)):
    order = db.get(Order, order_id)
    customer = db.get(Customer, order.customer_id)
    asyncio.create_task(remind(customer.email))
    return {"id": order_id}


@router.post("/{order_id}/print")
def print_order(order_id: int, size: str = "A6"):
    thread = threading.Thread(target=print_label, args=(order_id,), kwargs={"size": size})
    thread.start()
    return {"id": order_id, "size": size}


@router.post("/{order_id}/archive")
async def archive_order(
    order_id: int, background_tasks: BackgroundTasks, db: Session = Depends(get_db)
):
    # the session of the request: this one can't wait in a queue
    background_tasks.add_task(archive, db, order_id)
    return {"id": order_id}


@router.get("/{order_id}/terms")
async def read_terms(order_id: int):
    return {"id": order_id, "terms": TERMS.read_text().format(order_id=order_id)}


@router.get("/{order_id}/stamp")
async def read_stamp(order_id: int):
    # One printer: its lock belongs to the thread that took it.
    with printing:
        made = subprocess.run(["echo", str(order_id)], capture_output=True, text=True)
    return {"id": order_id, "stamp": made.stdout.strip()}
