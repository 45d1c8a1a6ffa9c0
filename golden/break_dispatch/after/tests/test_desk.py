import pytest
from fastapi.testclient import TestClient

from desk import actions, lookup, plugins
from desk.db import Base, SessionLocal, engine
from desk.main import app
from desk.models import Ticket
from desk.registry import COMMANDS, Importer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with SessionLocal() as session:
        session.add(Ticket(title="printer", priority=2))
        await session.commit()
        yield session


async def test_actions_by_name(db):
    assert await db.run_sync(lookup.action("close"), 1) == "closed"
    assert await db.run_sync(lookup.action("reopen"), 1) == "open"
    assert await db.run_sync(lookup.action("bump"), 1) == "open"
    assert await actions.history(db, 1) == ["closed", "reopened", "priority 1"]


async def test_plugins(db):
    assert await db.run_sync(COMMANDS["rename"], 1, "scanner") == "scanner"
    assert await Importer.kinds["pairs"]().bring_in(db, "a=1;b") == 2
    assert await plugins.Lines().bring_in(db, "x\ny\n") == 2


def test_http(db):
    client = TestClient(app)
    assert client.get("/tickets/1/checks").json() == {"has_title": True, "is_urgent": False}
    assert client.get("/tickets/1/counts").json() == {"events": 0}
    assert client.get("/reports/open").json() == {"title": "Open tickets", "rows": ["printer"]}
    assert client.get("/overview").json()["open"] == 1
