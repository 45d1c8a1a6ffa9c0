from sqlalchemy import func, select

from .models import Item, Order
from .sessions import AuditedFactory, AuditedSession, current_session, registry, transactional, with_session


class OutOfStock(Exception):
    pass


@transactional
def reserve(name: str, quantity: int) -> int:
    item = current_session().scalars(select(Item).where(Item.name == name)).one()
    if item.stock < quantity:
        raise OutOfStock(name)
    item.stock -= quantity
    return item.id


@transactional
def order(lines: dict[str, int]) -> list[int]:
    session = current_session()
    orders = [Order(item_id=reserve(name, quantity), quantity=quantity) for name, quantity in lines.items()]
    session.add_all(orders)
    session.flush()
    return [order.id for order in orders]


@with_session
def stock_of(session, name):
    return session.scalar(select(Item.stock).where(Item.name == name))


@with_session
def total(session, *, minimum=0):
    return session.scalar(select(func.count(Order.id)).where(Order.quantity >= minimum))


async def names() -> list[str]:
    """Uses the session of the request."""
    return list(await registry.scalars(select(Item.name).order_by(Item.name)))


async def rename(old: str, new: str) -> bool:
    item = (
        await registry.execute(select(Item).where(Item.name == old))
    ).scalar_one_or_none()
    if item is None:
        return False
    item.name = new
    await registry.commit()
    return True


def restock(name: str, quantity: int) -> int:
    with AuditedFactory() as session:
        item = session.scalars(select(Item).where(Item.name == name)).first()
        if item is None:
            session.add(item := Item(name=name))
            session.flush()
        item.stock = (item.stock or 0) + quantity
        session.commit()
        return AuditedSession.committed
