import pytest
from httpx import ASGITransport, AsyncClient
from project.database import get_session
from project.main import app
from project.models import Hero, Team
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import selectinload
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.pool import StaticPool

pytestmark = pytest.mark.anyio


@pytest.fixture(name="session")
async def session_fixture():
    engine = create_async_engine(
        "sqlite+aiosqlite://",
        connect_args={"check_same_thread": False},
        poolclass=StaticPool,
    )
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
    await engine.dispose()


@pytest.fixture(name="client")
def client_fixture(session: AsyncSession):
    def get_session_override():
        return session

    app.dependency_overrides[get_session] = get_session_override
    client = AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://testserver",
        follow_redirects=True,
    )
    yield client
    app.dependency_overrides.clear()


async def test_create_hero(client: AsyncClient):
    response = await client.post(
        "/heroes/", json={"name": "Deadpond", "secret_name": "Dive Wilson"}
    )
    data = response.json()

    assert response.status_code == 200
    assert data["name"] == "Deadpond"
    assert data["secret_name"] == "Dive Wilson"
    assert data["age"] is None
    assert data["id"] is not None


async def test_create_hero_incomplete(client: AsyncClient):
    # No secret_name
    response = await client.post("/heroes/", json={"name": "Deadpond"})
    assert response.status_code == 422


async def test_read_heroes(session: AsyncSession, client: AsyncClient):
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson")
    hero_2 = Hero(name="Rusty-Man", secret_name="Tommy Sharp", age=48)
    session.add(hero_1)
    session.add(hero_2)
    await session.commit()
    await session.refresh(hero_1)
    await session.refresh(hero_2)

    response = await client.get("/heroes/")
    data = response.json()

    assert response.status_code == 200

    assert len(data) == 2
    assert data[0]["name"] == hero_1.name
    assert data[0]["id"] == hero_1.id
    assert data[1]["age"] == hero_2.age


async def test_read_hero_with_team(session: AsyncSession, client: AsyncClient):
    team = Team(name="Preventers", headquarters="Sharp Tower")
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson", team=team)
    session.add(hero_1)
    await session.commit()

    response = await client.get(f"/heroes/{hero_1.id}")
    data = response.json()

    assert response.status_code == 200
    assert data["team"] == {
        "id": team.id,
        "name": "Preventers",
        "headquarters": "Sharp Tower",
    }


async def test_update_hero(session: AsyncSession, client: AsyncClient):
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson")
    session.add(hero_1)
    await session.commit()
    await session.refresh(hero_1)

    response = await client.patch(f"/heroes/{hero_1.id}", json={"name": "Deadpuddle"})
    data = response.json()

    assert response.status_code == 200
    assert data["name"] == "Deadpuddle"
    assert hero_1.name == "Deadpuddle"


async def test_delete_hero(session: AsyncSession, client: AsyncClient):
    hero_1 = Hero(name="Deadpond", secret_name="Dive Wilson")
    session.add(hero_1)
    await session.commit()

    response = await client.delete(f"/heroes/{hero_1.id}")

    hero_in_db = await session.get(Hero, hero_1.id)

    assert response.status_code == 200

    assert hero_in_db is None


async def test_team_lists_its_heroes(session: AsyncSession, client: AsyncClient):
    team = Team(name="Z-Force", headquarters="Sister Margaret's Bar")
    session.add(team)
    await session.commit()
    await client.post(
        "/heroes/", json={"name": "A", "secret_name": "B", "team_id": team.id}
    )
    response = await client.get("/teams/")
    assert [hero["name"] for hero in response.json()[0]["heroes"]] == ["A"]
    await client.post(
        "/heroes/", json={"name": "C", "secret_name": "D", "team_id": team.id}
    )
    assert (
        len(
            (
                await session.exec(
                    select(Team)
                    .options(selectinload(Team.heroes))
                    .execution_options(populate_existing=True)
                )
            )
            .one()
            .heroes
        )
        == 2
    )


async def test_team_is_read_with_its_heroes(session: AsyncSession, client: AsyncClient):
    team = Team(name="Z-Force", headquarters="Sister Margaret's Bar")
    session.add(team)
    await session.commit()
    await client.post(
        "/heroes/", json={"name": "A", "secret_name": "B", "team_id": team.id}
    )
    response = await client.get(f"/teams/{team.id}")
    assert [hero["name"] for hero in response.json()["heroes"]] == ["A"]
