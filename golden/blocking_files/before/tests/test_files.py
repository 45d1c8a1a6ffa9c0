from fastapi.testclient import TestClient

from files.main import app

client = TestClient(app)


def test_settings():
    assert client.get("/settings").json()["limit"] == 3


def test_upload():
    assert client.post("/upload/a.csv", files={"file": ("a.csv", "1,2\n")}).status_code == 200
    assert client.get("/files/a.csv").json()["rows"] == [["1", "2"]]
    assert client.delete("/files/a.csv").status_code == 200
    assert client.get("/files/a.csv").status_code == 404
