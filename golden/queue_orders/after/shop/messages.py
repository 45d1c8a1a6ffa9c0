"""What is sent when a request is over. Each function has a session of its own."""

import asyncio
import logging

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.ext.asyncio import AsyncSession

from .background_queue import BackgroundQueue
from .database import SessionLocal, SyncSessionLocal
from .models import Message, Order

logger = logging.getLogger(__name__)


def write(to: str, text: str):
    with SyncSessionLocal() as db:
        db.add(Message(to=to, text=text))
        db.commit()


async def send_receipt(email: str, article: str, *, copies: int = 1):
    await asyncio.sleep(0.01)
    await run_in_threadpool(write, email, f"{copies} receipt for {article}")


async def pack(order_id: int):
    async with SessionLocal() as db:
        order = await db.get(Order, order_id)
        if order.article == "nothing":
            raise ValueError("there is nothing to pack")
        order.status = "packed"
        await db.commit()


async def ship(order_id: int):
    await run_in_threadpool(write, "warehouse", f"ship {order_id}")


async def remind(email: str):
    await run_in_threadpool(write, email, "do you remember your order?")


def print_label(order_id: int, size: str):
    write("printer", f"label {size} of {order_id}")


async def archive(db: AsyncSession, order_id: int):
    order = await db.get(Order, order_id)
    order.status = "archived"
    await db.commit()


def after_order(tasks: BackgroundQueue, order_id: int):
    """The parcel: packed first, then shipped."""
    tasks.add(pack, order_id)
    tasks.add(ship, order_id)
