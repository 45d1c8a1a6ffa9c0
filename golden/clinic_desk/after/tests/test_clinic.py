import pytest
from fastapi.testclient import TestClient

from clinic.main import app


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


def test_a_visit_is_recorded(client):
    visit = {"patient": "Ada", "fee": "3.00", "day": "2026-02-01"}
    made = client.post("/visits", json=visit)
    assert made.status_code == 201
    assert made.json()["state"] == "new"
    assert [one["patientName"] for one in client.get("/visits").json()][-1] == "Ada"
    assert "mail for Ada" in client.get("/journal").json()
    assert client.get("/visits").json()[-1]["state"] == "reminded"


def test_a_refused_visit_sends_nothing(client):
    visit = {"patient": "nobody", "fee": "3.00", "day": "2026-02-01"}
    assert client.post("/visits", json=visit).status_code == 409
    assert "mail for nobody" not in client.get("/journal").json()


def test_the_notice(client):
    assert client.get("/notice").json() == "Closed on Sundays.\n"
