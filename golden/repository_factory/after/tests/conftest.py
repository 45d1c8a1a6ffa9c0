import pytest
from fastapi.testclient import TestClient

from pantry.database import SessionLocal, engine
from pantry.main import app
from pantry.models.base import Base
from pantry.repos.factory import AllRepositories


@pytest.fixture
async def client():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    with TestClient(app) as client:
        yield client


@pytest.fixture
async def repos(client):
    async with SessionLocal() as session:
        yield AllRepositories(session)


@pytest.fixture(scope="session", autouse=True)
def anyio_backend():
    return "asyncio"
