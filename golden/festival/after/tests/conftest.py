from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from festival.db import Base, get_db
from festival.main import app
from festival.models import Act, Festival, Genre, Slot, Stage

engine = create_async_engine("sqlite+aiosqlite:///./tests.db")
Session = async_sessionmaker(bind=engine, expire_on_commit=False)


@pytest.fixture
async def session():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    db = Session()
    try:
        yield db
    finally:
        await db.close()


@pytest.fixture
async def summer(session):
    found = Festival(name="Summer", town="Leeds", stages=[Stage(name="Main"), Stage(name="Barn")])
    act = Act(name="Owls", fee=100, genres=[Genre(name="folk"), Genre(name="jazz")])
    if inspect(found).persistent:
        await session.refresh(found, ["stages"])
    session.add_all([found, Slot(starts=datetime(2026, 7, 1, 20), act=act, stage=found.stages[0])])
    await session.commit()
    await session.refresh(found)
    return found


@pytest.fixture
def client(session):
    async def own_db():
        db = Session()
        try:
            yield db
        finally:
            await db.close()

    app.dependency_overrides[get_db] = own_db
    yield TestClient(app)
    app.dependency_overrides.clear()


@pytest.fixture(scope="session", autouse=True)
def anyio_backend():
    return "asyncio"
