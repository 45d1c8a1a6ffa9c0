from fastapi.testclient import TestClient

from main import app


def test_users():
    with TestClient(app) as client:
        user = client.post("/users", json={"name": "Bob", "email": "bob@example.org"}).json()
        assert client.get(f"/users/{user['id']}").json()["name"] == "Bob"
        assert client.get("/users/4711").status_code == 404


def test_a_report_is_there_after_its_request():
    with TestClient(app) as client:
        user = client.post("/users", json={"name": "Eve", "email": "eve@example.org"}).json()
        answer = client.post(f"/users/{user['id']}/report")
        assert answer.status_code == 202
        assert client.get(f"/users/{user['id']}/reports").json()[0]["total"] == 62375


def test_measurements():
    with TestClient(app) as client:
        rows = client.get("/measurements").json()
        assert len(rows) == 500
        assert rows[3] == {"id": 4, "sensor": "s3", "value": 1.5}


def test_each_request_is_logged():
    with TestClient(app) as client:
        client.get("/measurements", headers={"x-client": "tests"})
        assert ["GET", "/measurements", "tests"] in client.get("/requests").json()
