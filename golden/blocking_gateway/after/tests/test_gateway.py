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
