"""What is sent when a request is over. Each function has a session of its own."""

import logging
import time

from fastapi import BackgroundTasks
from sqlalchemy.orm import Session

from .database import SessionLocal
from .models import Message, Order

logger = logging.getLogger(__name__)


def write(to: str, text: str):
    with SessionLocal() as db:
        db.add(Message(to=to, text=text))
        db.commit()


def send_receipt(email: str, article: str, *, copies: int = 1):
    time.sleep(0.01)
    write(email, f"{copies} receipt for {article}")


async def pack(order_id: int):
    with SessionLocal() as db:
        order = db.get(Order, order_id)
        if order.article == "nothing":
            raise ValueError("there is nothing to pack")
        order.status = "packed"
        db.commit()


def ship(order_id: int):
    write("warehouse", f"ship {order_id}")


async def remind(email: str):
    write(email, "do you remember your order?")


def print_label(order_id: int, size: str):
    write("printer", f"label {size} of {order_id}")


def archive(db: Session, order_id: int):
    order = db.get(Order, order_id)
    order.status = "archived"
    db.commit()


def after_order(tasks: BackgroundTasks, order_id: int):
    """The parcel: packed first, then shipped."""
    tasks.add_task(pack, order_id)
    tasks.add_task(ship, order_id)
