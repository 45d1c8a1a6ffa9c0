from typing import AsyncGenerator, Generator

import pytest
from fastapi.testclient import TestClient

from app.db.base import Base
from app.db.session import SessionLocal, engine
from app.main import app


@pytest.fixture(scope="session")
async def db() -> AsyncGenerator:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    session = SessionLocal()
    yield session
    await session.close()


@pytest.fixture(scope="module")
def client(db) -> Generator:
    with TestClient(app) as c:
        yield c


@pytest.fixture(scope="session", autouse=True)
def anyio_backend() -> str:
    return "asyncio"
