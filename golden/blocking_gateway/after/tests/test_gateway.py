from unittest.mock import patch

from fastapi.testclient import TestClient

from gateway import main

client = TestClient(main.app)


def test_fetch():
    assert client.get("/fetch/A").json() == client.get("/fetch/a").json()


def test_patched():
    with patch("gateway.main.upstream.fetch", return_value="patched"):
        assert client.get("/fetch/a").json()["value"] == "patched"


def test_tickets():
    first = client.get("/ticket").json()["ticket"]
    assert client.get("/ticket").json()["ticket"] == first + 1


def test_partner():
    with TestClient(main.app) as client:
        assert client.get("/partner/prices/tea").json()["price"] == 3.5
        assert client.get("/partner/prices/gold").status_code == 404
        assert client.get("/partner/stock/tea").json()["stock"] == 3


def test_notes():
    with TestClient(main.app) as client:
        client.post("/partner/orders/milk")
        assert "ordered milk" in client.get("/partner/notes").json()
        assert "GET /partner/notes" in client.get("/journal").json()
