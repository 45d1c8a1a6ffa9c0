import pytest

from tree import reports, store
from tree.base import Base, SessionLocal, engine
from tree.models import Node


@pytest.fixture()
def db():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with SessionLocal() as db:
        reports.grow(db, {"a": {"b": 2, "c": {"d": 5}}, "e": 1})
        yield db


def find(db, name):
    return db.query(Node).filter(Node.name == name).one()


def test_walk(db):
    assert [(level, node.name) for level, node in store.walk(db, store.root(db))] == [
        (0, "/"), (1, "a"), (2, "b"), (2, "c"), (3, "d"), (1, "e"),
    ]
    assert reports.total(db, store.root(db)) == sum(node.size for _, node in store.walk(db, store.root(db))) == 8


def test_lock(db):
    a = find(db, "a")
    with store.lock(db, a.id) as node:
        assert store.is_locked(db, a.id) and node is a
        with pytest.raises(store.Locked):
            with store.lock(db, a.id):
                raise AssertionError
    assert not store.is_locked(db, a.id)
    assert store.visits(db) == ["lock 'a'"]


@pytest.mark.parametrize("name, to, expected", [("d", "e", "//e/d"), ("a", "d", "loop"), ("c", "e", "//e/c")])
def test_move(db, name, to, expected):
    assert reports.move(db, find(db, name).id, find(db, to).id) == expected


def test_prune(db):
    gone, kept = reports.prune(db, find(db, "c").id)
    assert (gone, kept) == ({"c": 0, "d": 5}, {"d": 5})
    assert store.count(db) == 4
