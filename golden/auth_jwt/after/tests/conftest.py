from httpx import ASGITransport, AsyncClient
import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.main import app
from app.database import get_db, Base
from app.oauth2 import create_access_token
from app import models
from .database import TestingSessionLocal, engine


@pytest.fixture()
async def session():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    db = TestingSessionLocal()
    try:
        yield db
    finally:
        await db.close()


@pytest.fixture()
def client(session):
    async def override_get_db():

        try:
            yield session
        finally:
            await session.close()
    app.dependency_overrides[get_db] = override_get_db
    yield AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://testserver",
        follow_redirects=True,
    )


@pytest.fixture
async def test_user(client):
    user_data = {"email": "sanjeev@gmail.com",
                 "password": "password123"}
    res = await client.post("/users/", json=user_data)

    assert res.status_code == 201

    new_user = res.json()
    new_user['password'] = user_data['password']
    return new_user


@pytest.fixture
async def test_user2(client, test_user):
    user_data = {"email": "sanjeev123@gmail.com",
                 "password": "password123"}
    res = await client.post("/users/", json=user_data)
    assert res.status_code == 201
    return res.json()


@pytest.fixture
def token(test_user):
    return create_access_token({"user_id": test_user['id']})


@pytest.fixture
def authorized_client(client, token):
    client.headers = {
        **client.headers,
        "Authorization": f"Bearer {token}"
    }

    return client


@pytest.fixture
async def test_posts(test_user, session, test_user2):
    posts_data = [{
        "title": "first title",
        "content": "first content",
        "owner_id": test_user['id']
    }, {
        "title": "2nd title",
        "content": "2nd content",
        "owner_id": test_user2['id']
    }]

    def create_post_model(post):
        return models.Post(**post)

    post_map = map(create_post_model, posts_data)
    posts = list(post_map)

    session.add_all(posts)
    await session.commit()

    posts = (
        await session.scalars(
            select(models.Post)
            .options(selectinload(models.Post.owner))
            .order_by(models.Post.id)
        )
    ).all()
    return posts


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
