import asyncio

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from inventory.database import Base, Part, get_session
from inventory.main import app


@pytest.fixture
def client(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}", poolclass=NullPool)
    Testing = async_sessionmaker(engine, expire_on_commit=False)

    async def prepare():
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with Testing() as session:
            session.add(Part(id=1, name="one", colour="red", weight=1.5))
            await session.commit()

    asyncio.run(prepare())

    async def override():
        async with Testing() as session:
            yield session

    app.dependency_overrides[get_session] = override
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_parts_come_from_the_overridden_session(client):
    answer = client.get("/parts")
    assert answer.json() == [{"id": 1, "name": "one", "colour": "red", "weight": 1.5}]


def test_no_part_of_that_colour(client):
    assert client.get("/parts", params={"colour": "blue"}).json() == []


def test_strict(client):
    assert client.get("/parts/strict").json()[0]["colour"] == "red"
