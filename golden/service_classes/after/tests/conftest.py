import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from orders_service.db.models import Base
from orders_service.db.session import get_db
from orders_service.main import create_app


@pytest.fixture
async def engine(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
async def db(engine) -> AsyncSession:
    async with async_sessionmaker(engine, expire_on_commit=False)() as session:
        yield session


@pytest.fixture
def client(engine):
    factory = async_sessionmaker(engine, expire_on_commit=False)

    async def override():
        async with factory() as session:
            yield session

    app = create_app()
    app.dependency_overrides[get_db] = override
    # no lifespan here: the tables are those of the fixture
    return TestClient(app)


@pytest.fixture(scope="session", autouse=True)
def anyio_backend():
    return "asyncio"
