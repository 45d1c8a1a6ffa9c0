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


def test_summary_is_there_after_its_upload():
    client.post("/upload/s.csv", files={"file": ("s.csv", "1\n2\n")})
    assert client.get("/summary/s.csv").json()["summary"] == "2 2 "
    assert client.delete("/summary/s.csv").status_code == 202
    assert client.get("/summary/s.csv").status_code == 404
    assert "GET /summary/s.csv 404" in client.get("/seen").json()
