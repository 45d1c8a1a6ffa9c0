import pytest
from sqlalchemy import select

from tree import reports, store
from tree.base import Base, SessionLocal, engine
from tree.models import Node

pytestmark = pytest.mark.anyio


@pytest.fixture()
async def db():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with SessionLocal() as db:
        await reports.grow(db, {"a": {"b": 2, "c": {"d": 5}}, "e": 1})
        yield db


async def find(db, name):
    return (await db.scalars(select(Node).where(Node.name == name))).one()


async def test_walk(db):
    assert [
        (level, node.name) async for level, node in store.walk(db, await store.root(db))
    ] == [
        (0, "/"),
        (1, "a"),
        (2, "b"),
        (2, "c"),
        (3, "d"),
        (1, "e"),
    ]
    assert (
        await db.run_sync(reports.total, await store.root(db))
        == sum([node.size async for _, node in store.walk(db, await store.root(db))])
        == 8
    )


async def test_lock(db):
    a = await find(db, "a")
    async with store.lock(db, a.id) as node:
        assert await db.run_sync(store.is_locked, a.id) and node is a
        with pytest.raises(store.Locked):
            async with store.lock(db, a.id):
                raise AssertionError
    assert not await db.run_sync(store.is_locked, a.id)
    assert await store.visits(db) == ["lock 'a'"]


@pytest.mark.parametrize("name, to, expected", [("d", "e", "//e/d"), ("a", "d", "loop"), ("c", "e", "//e/c")])
async def test_move(db, name, to, expected):
    assert (
        await reports.move(db, (await find(db, name)).id, (await find(db, to)).id)
        == expected
    )


async def test_prune(db):
    gone, kept = await reports.prune(db, (await find(db, "c")).id)
    assert (gone, kept) == ({"c": 0, "d": 5}, {"d": 5})
    assert await db.run_sync(store.count) == 4
