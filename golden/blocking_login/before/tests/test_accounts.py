import pytest
from fastapi.testclient import TestClient

from app.main import app


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


def test_login(client):
    assert client.post("/accounts", data={"name": "ann", "password": "secret"}).status_code == 201
    assert client.post("/login", data={"name": "ann", "password": "secret"}).json()["logins"] == 1
    assert client.post("/login", data={"name": "ann", "password": "wrong"}).status_code == 401


def test_unknown(client):
    assert client.get("/accounts/nobody").status_code == 404
