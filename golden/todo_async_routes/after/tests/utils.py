import asyncio

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from app.database import Base
from app.main import app
from app.models import Todos, Users

SQLALCHEMY_DATABASE_URL = "sqlite+aiosqlite://"

engine = create_async_engine(
    SQLALCHEMY_DATABASE_URL,
    connect_args={"check_same_thread": False},
    poolclass=StaticPool,
)

TestingSessionLocal = async_sessionmaker(
    autocommit=False, autoflush=False, bind=engine, expire_on_commit=False
)


async def create_tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


asyncio.run(create_tables())


async def override_get_db():
    db = TestingSessionLocal()
    try:
        yield db
    finally:
        await db.close()


client = TestClient(app)


@pytest.fixture
async def test_user():
    user = Users(username="mara")
    db = TestingSessionLocal()
    db.add(user)
    await db.commit()
    await db.close()
    yield user
    async with engine.connect() as connection:
        await connection.execute(text("DELETE FROM users;"))
        await connection.commit()


@pytest.fixture
async def test_todo(test_user):
    todo = Todos(
        title="Learn to code!",
        description="Need to learn everyday!",
        priority=5,
        complete=False,
        owner_id=test_user.id,
    )

    db = TestingSessionLocal()
    db.add(todo)
    await db.commit()
    await db.close()
    yield todo
    async with engine.connect() as connection:
        await connection.execute(text("DELETE FROM todos;"))
        await connection.commit()
