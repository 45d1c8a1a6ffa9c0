import pytest
from fastapi.testclient import TestClient

from main import create_app


@pytest.fixture
def client():
    with TestClient(create_app()) as client:
        yield client


def test_a_mail_for_each_ticket(client):
    before = client.get("/count").json()
    client.post("/tickets", json={"subject": "Help"}, headers={"x-agent": "eve"})
    after = client.get("/count").json()
    assert after == {"mails": before["mails"] + 1, "steps": before["steps"] + 1}
    assert client.get("/trail").json()[-1] == ["eve", "POST /tickets 201"]


def test_closing(client):
    ticket = client.post("/tickets", json={"subject": "Tea"}).json()
    assert client.post(f"/tickets/{ticket['id']}/close").json() == {"status": "closed"}
    assert client.get("/mails").json()[-1] == "closed: Tea"


def test_a_step_that_is_guarded(client):
    assert client.get("/nowhere").status_code == 404
    assert ["guard", "/nowhere"] in client.get("/trail").json()
