"""The small ones, that everything else is made of."""
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from .base import SessionLocal
from .models import Node, Visit


class Locked(Exception):
    pass


def get(db, id):
    return db.get(Node, id)


def exists(db, id):
    return db.execute(select(Node.id).where(Node.id == id).limit(1)).first() is not None


def count(db, parent_id=None):
    return db.scalar(
        select(func.count()).select_from(
            (
                select(Node).where(Node.parent_id == parent_id)
                if parent_id
                else select(Node)
            ).subquery()
        )
    )


def children(db, id, *, order=Node.name):
    return db.scalars(
        select(Node).filter_by(parent_id=id).order_by(order, Node.id)
    ).all()


def title(db, id, fallback="?"):
    return (
        db.execute(select(Node.name).where(Node.id == id)).scalar_one_or_none()
        or fallback
    )


def parent(db, node):
    return node.parent_id and get(db, node.parent_id)


async def root(db, name="/"):
    return (
        await db.scalars(select(Node).where(Node.parent_id.is_(None)).limit(1))
    ).first() or await create(db, name)


async def create(db, name, parent=None, size=0):
    db.add(node := Node(name=name, parent_id=parent and parent.id, size=size))
    await db.commit()
    await db.refresh(node)
    return node


def is_locked(db, id): return bool((node := get(db, id)) and node.locked)


async def visits(db):
    return [what for (what,) in await db.execute(select(Visit.what).order_by(Visit.id))]


@asynccontextmanager
async def lock(db, id, note="lock"):
    if await db.run_sync(is_locked, id):
        raise Locked(await db.run_sync(title, id))
    node = await db.run_sync(get, id)
    node.locked = True
    await db.commit()
    await db.refresh(node)
    try:
        yield node
    finally:
        node.locked = False
        db.add(Visit(what=f"{note} {await db.run_sync(title, id)!r}"))
        await db.commit()


async def walk(db, node, level=0):
    yield level, node
    for child in await db.run_sync(children, node.id):
        async for item in walk(db, child, level + 1):
            yield item


async def log_apart(*lines):
    """In a transaction of its own, and told what is there already."""
    async with SessionLocal() as before, SessionLocal.begin() as db:
        n = await before.scalar(select(func.count()).select_from(Visit))
        db.add_all(Visit(what=f"{n + i}: {line}") for i, line in enumerate(lines, 1))
    return n + len(lines)
