"""The small ones, that everything else is made of."""
from contextlib import contextmanager

from .base import SessionLocal
from .models import Node, Visit


class Locked(Exception):
    pass


def get(db, id):
    return db.get(Node, id)


def exists(db, id): return db.query(Node.id).filter(Node.id == id).first() is not None


def count(db, parent_id=None):
    return (db.query(Node).filter(Node.parent_id == parent_id) if parent_id else db.query(Node)).count()


def children(db, id, *, order=Node.name):
    return db.query(Node).filter_by(parent_id=id).order_by(order, Node.id).all()


def title(db, id, fallback="?"):
    return db.query(Node.name).filter(Node.id == id).scalar() or fallback


def parent(db, node):
    return node.parent_id and get(db, node.parent_id)


def root(db, name="/"):
    return db.query(Node).filter(Node.parent_id.is_(None)).first() or create(db, name)


def create(db, name, parent=None, size=0):
    db.add(node := Node(name=name, parent_id=parent and parent.id, size=size))
    db.commit()
    return node


def is_locked(db, id): return bool((node := get(db, id)) and node.locked)


def visits(db): return [what for (what,) in db.query(Visit.what).order_by(Visit.id)]


@contextmanager
def lock(db, id, note="lock"):
    if is_locked(db, id):
        raise Locked(title(db, id))
    node = get(db, id)
    node.locked = True
    db.commit()
    try:
        yield node
    finally:
        node.locked = False
        db.add(Visit(what=f"{note} {title(db, id)!r}"))
        db.commit()


def walk(db, node, level=0):
    yield level, node
    for child in children(db, node.id):
        yield from walk(db, child, level + 1)


def log_apart(*lines):
    """In a transaction of its own, and told what is there already."""
    with SessionLocal() as before, SessionLocal.begin() as db:
        n = before.query(Visit).count()
        db.add_all(Visit(what=f"{n + i}: {line}") for i, line in enumerate(lines, 1))
    return n + len(lines)
