import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from blog import models
from blog.db import Base, get_db
from blog.main import app


@pytest.fixture
async def session(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with async_sessionmaker(bind=engine, expire_on_commit=False)() as session:
        yield session
    await engine.dispose()


@pytest.fixture
async def client(session):
    app.dependency_overrides[get_db] = lambda: session
    async with AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://testserver",
        follow_redirects=True,
    ) as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture
async def author(session):
    author = models.Author(name="Ada", bio="Wrote the first program")
    session.add(author)
    await session.commit()
    await session.refresh(author)
    return author


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
