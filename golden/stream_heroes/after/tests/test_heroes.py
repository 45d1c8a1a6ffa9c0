import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.pool import StaticPool

from heroes.database import get_session
from heroes.main import app
from heroes.models import Hero

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
    app.dependency_overrides[get_session] = lambda: session
    yield AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://testserver",
        follow_redirects=True,
    )
    app.dependency_overrides.clear()


async def test_read_heroes(session: AsyncSession, client: AsyncClient):
    session.add(Hero(name="Deadpond", secret_name="Dive Wilson"))
    session.add(Hero(name="Rusty-Man", secret_name="Tommy Sharp", age=48))
    await session.commit()
    data = (await client.get("/heroes/")).json()
    assert [hero["name"] for hero in data] == ["Deadpond", "Rusty-Man"]
    assert data[1]["age"] == 48
    assert (await client.get("/heroes/names")).json() == ["Deadpond", "Rusty-Man"]


async def test_nobody(client: AsyncClient):
    assert (await client.get("/heroes/")).json() == []
    assert (await client.get("/heroes/older?age=5")).status_code == 404
