import datetime as dt
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from ledger.database import Base, get_db
from ledger.main import app
from ledger.models import Account, Entry


@pytest.fixture
def client(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    Base.metadata.create_all(engine)
    Testing = sessionmaker(engine)
    with Testing() as db:
        db.add(Account(id=1, name="Cash"))
        db.add(
            Entry(
                id=7,
                account_id=1,
                booked=dt.date(2024, 5, 6),
                text="only here",
                amount=Decimal("1.50"),
            )
        )
        db.commit()

    def override():
        with Testing() as db:
            yield db

    app.dependency_overrides[get_db] = override
    yield TestClient(app)
    app.dependency_overrides.clear()
    engine.dispose()


def test_entries_come_from_the_overridden_session(client):
    [entry] = client.get("/entries").json()
    assert entry["memo"] == "only here"
    assert client.get("/entries/short").json()[0]["amount"] == 1.5


def test_csv(client):
    answer = client.get("/exports/entries.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[1:] == ["7,2024-05-06,,only here,1.50,"]


def test_nobodys_account(client):
    assert client.get("/exports/accounts/9.csv").status_code == 404


def test_texts(client):
    assert client.get("/exports/texts").text == "# texts\n7: only here"
