import pytest
from sqlalchemy import select
from app import models, schemas, security

pytestmark = pytest.mark.anyio


async def test_create_user(client, session):
    res = await client.post(
        "/users/", json={"email": "hello123@gmail.com", "password": "password123"})

    new_user = schemas.UserOut(**res.json())
    assert new_user.email == "hello123@gmail.com"
    assert res.status_code == 201
    row = (
        await session.scalars(select(models.User).filter_by(email="hello123@gmail.com"))
    ).one()
    assert security.verify_password("password123", row.password)


async def test_login_user(test_user, client):
    res = await client.post(
        "/login", data={"username": test_user['email'], "password": test_user['password']})
    login_res = schemas.Token(**res.json())
    payload = security.decode(login_res.access_token)
    assert payload["user_id"] == test_user['id']
    assert login_res.token_type == "bearer"
    assert res.status_code == 200


@pytest.mark.parametrize("email, password, status_code", [
    ('wrongemail@gmail.com', 'password123', 403),
    ('sanjeev@gmail.com', 'wrongpassword', 403),
    (None, 'password123', 422),
])
async def test_incorrect_login(test_user, client, email, password, status_code):
    res = await client.post(
        "/login", data={"username": email, "password": password})

    assert res.status_code == status_code
