import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, SQLModel, create_engine
from sqlmodel.pool import StaticPool

from heroes.database import get_session
from heroes.main import app
from heroes.models import Hero


@pytest.fixture(name="session")
def session_fixture():
    engine = create_engine(
        "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
    )
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        yield session


@pytest.fixture(name="client")
def client_fixture(session: Session):
    app.dependency_overrides[get_session] = lambda: session
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_read_heroes(session: Session, client: TestClient):
    session.add(Hero(name="Deadpond", secret_name="Dive Wilson"))
    session.add(Hero(name="Rusty-Man", secret_name="Tommy Sharp", age=48))
    session.commit()
    data = client.get("/heroes/").json()
    assert [hero["name"] for hero in data] == ["Deadpond", "Rusty-Man"]
    assert data[1]["age"] == 48
    assert client.get("/heroes/names").json() == ["Deadpond", "Rusty-Man"]


def test_nobody(client: TestClient):
    assert client.get("/heroes/").json() == []
    assert client.get("/heroes/older?age=5").status_code == 404
