import pytest
from fastapi.testclient import TestClient
from project.database import get_session
from project.main import app
from project.models import Hero, Team
from sqlmodel import Session, SQLModel, create_engine, select
from sqlmodel.pool import StaticPool


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
    def get_session_override():
        return session

    app.dependency_overrides[get_session] = get_session_override
    client = TestClient(app)
    yield client
    app.dependency_overrides.clear()


def test_create_hero(client: TestClient):
    response = client.post(
        "/heroes/", json={"name": "Deadpond", "secret_name": "Dive Wilson"}
    )
    data = response.json()

    assert response.status_code == 200
    assert data["name"] == "Deadpond"
    assert data["secret_name"] == "Dive Wilson"
    assert data["age"] is None
    assert data["id"] is not None


def test_create_hero_incomplete(client: TestClient):
    # No secret_name
    response = client.post("/heroes/", json={"name": "Deadpond"})
    assert response.status_code == 422


def test_read_heroes(session: Session, client: TestClient):
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson")
    hero_2 = Hero(name="Rusty-Man", secret_name="Tommy Sharp", age=48)
    session.add(hero_1)
    session.add(hero_2)
    session.commit()

    response = client.get("/heroes/")
    data = response.json()

    assert response.status_code == 200

    assert len(data) == 2
    assert data[0]["name"] == hero_1.name
    assert data[0]["id"] == hero_1.id
    assert data[1]["age"] == hero_2.age


def test_read_hero_with_team(session: Session, client: TestClient):
    team = Team(name="Preventers", headquarters="Sharp Tower")
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson", team=team)
    session.add(hero_1)
    session.commit()

    response = client.get(f"/heroes/{hero_1.id}")
    data = response.json()

    assert response.status_code == 200
    assert data["team"] == {
        "id": team.id,
        "name": "Preventers",
        "headquarters": "Sharp Tower",
    }


def test_update_hero(session: Session, client: TestClient):
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson")
    session.add(hero_1)
    session.commit()

    response = client.patch(f"/heroes/{hero_1.id}", json={"name": "Deadpuddle"})
    data = response.json()

    assert response.status_code == 200
    assert data["name"] == "Deadpuddle"
    assert hero_1.name == "Deadpuddle"


def test_delete_hero(session: Session, client: TestClient):
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson")
    session.add(hero_1)
    session.commit()

    response = client.delete(f"/heroes/{hero_1.id}")

    hero_in_db = session.get(Hero, hero_1.id)

    assert response.status_code == 200

    assert hero_in_db is None


def test_team_lists_its_heroes(session: Session, client: TestClient):
    team = Team(name="Z-Force", headquarters="Sister Margaret's Bar")
    session.add(team)
    session.commit()
    client.post("/heroes/", json={"name": "A", "secret_name": "B", "team_id": team.id})
    response = client.get("/teams/")
    assert [hero["name"] for hero in response.json()[0]["heroes"]] == ["A"]
    client.post("/heroes/", json={"name": "C", "secret_name": "D", "team_id": team.id})
    assert len(session.exec(select(Team)).one().heroes) == 2


def test_team_is_read_with_its_heroes(session: Session, client: TestClient):
    team = Team(name="Z-Force", headquarters="Sister Margaret's Bar")
    session.add(team)
    session.commit()
    client.post("/heroes/", json={"name": "A", "secret_name": "B", "team_id": team.id})
    response = client.get(f"/teams/{team.id}")
    assert [hero["name"] for hero in response.json()["heroes"]] == ["A"]
