from fastapi.testclient import TestClient

from audit.main import app


def test_each_request_is_audited():
    with TestClient(app) as client:
        before = len(client.get("/audit").json())
        client.post("/notes", json={"text": "hello"}, headers={"x-user": "eve"})
        rows = client.get("/audit").json()
        # the first GET, the POST and its size
        assert len(rows) == before + 3
        assert ["POST", "/notes", 201, "eve"] in rows


def test_an_error_is_audited_without_a_lifespan_too():
    with TestClient(app):
        pass
    client = TestClient(app)
    assert client.get("/notes/12345").status_code == 404
    assert ["/notes/12345", 404] in client.get("/errors").json()


def test_visits_are_numbered():
    with TestClient(app) as client:
        first = int(client.get("/visits").headers["X-Visit-Number"])
        second = int(client.get("/visits").headers["X-Visit-Number"])
        assert second == first + 1
