import pytest
from fastapi.testclient import TestClient

from desk import actions, lookup, plugins
from desk.db import Base, SessionLocal, engine
from desk.main import app
from desk.models import Ticket
from desk.registry import COMMANDS, Importer


@pytest.fixture
def db():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with SessionLocal() as session:
        session.add(Ticket(title="printer", priority=2))
        session.commit()
        yield session


def test_actions_by_name(db):
    assert lookup.action("close")(db, 1) == "closed"
    assert lookup.action("reopen")(db, 1) == "open"
    assert lookup.action("bump")(db, 1) == "open"
    assert actions.history(db, 1) == ["closed", "reopened", "priority 1"]


def test_plugins(db):
    assert COMMANDS["rename"](db, 1, "scanner") == "scanner"
    assert Importer.kinds["pairs"]().bring_in(db, "a=1;b") == 2
    assert plugins.Lines().bring_in(db, "x\ny\n") == 2


def test_http(db):
    client = TestClient(app)
    assert client.get("/tickets/1/checks").json() == {"has_title": True, "is_urgent": False}
    assert client.get("/tickets/1/counts").json() == {"events": 0}
    assert client.get("/reports/open").json() == {"title": "Open tickets", "rows": ["printer"]}
    assert client.get("/overview").json()["open"] == 1
