import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from depot import databases
from depot.main import app


@pytest.fixture
async def catalogue(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/catalogue.db")
    async with engine.begin() as connection:
        await connection.run_sync(databases.CatalogueBase.metadata.create_all)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


@pytest.fixture
async def site(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/site.db")
    async with engine.begin() as connection:
        await connection.run_sync(databases.SiteBase.metadata.create_all)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
    await engine.dispose()


@pytest.fixture
def client(catalogue):
    async def get_db():
        async with catalogue() as db:
            yield db

    app.dependency_overrides[databases.get_db] = get_db
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
