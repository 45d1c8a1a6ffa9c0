import asyncio

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from chat import store
from chat.db import DB, Base, engine, sync_get_db
from chat.main import app
from chat.models import Line, Room

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with DB() as session:
        session.add(Room(name="hall"))
        await session.commit()
        yield session


async def test_store(db):
    plain = store.DatabaseStore(db)
    assert await store.last(plain, 1) is None
    muted = store.Muted(plain, {"spam"})
    assert await muted.say(1, "spam here") == -1
    assert await muted.say(1, "hello") == 1
    assert await store.last(muted, 1, show=str.title) == "Hello"
    assert [item async for item in store.everything(db)] == ["hello"]


def test_twice(db):
    assert asyncio.run(store.room_names()) == ["hall"]
    assert asyncio.run(store.summary()) == {"names": ["hall"], "longest": 0}


def test_next():
    db = next(sync_get_db())
    assert db.scalar(select(func.count()).select_from(Line)) >= 0
    db.close()


def test_websocket(db):
    with TestClient(app) as client:
        assert client.app.state.rooms_at_start == 1
        with client.websocket_connect("/rooms/1/ws") as socket:
            assert socket.receive_json() == {"welcome": "hall"}
            socket.send_text("hi")
            assert socket.receive_json() == {"lines": 1}
        assert client.post("/rooms/1/lines?text=HEY").status_code == 400
        assert client.get("/totals").json() == {"rooms": 1, "lines": 2}
