import pytest
from fastapi import status
from sqlalchemy import select

from app.models import Todos
from app.routers import todos, users

from .utils import TestingSessionLocal, app, client, override_get_db, test_todo, test_user  # noqa: F401

pytestmark = pytest.mark.anyio

app.dependency_overrides[todos.get_db] = override_get_db
app.dependency_overrides[users.get_db] = override_get_db

HEADERS = {"X-User": "mara"}


def test_health():
    response = client.get("/healthy")
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == {"status": "Healthy"}


def test_read_all_needs_a_user(test_todo):
    response = client.get("/todos")
    assert response.status_code == status.HTTP_401_UNAUTHORIZED


def test_read_all(test_todo):
    response = client.get("/todos", headers=HEADERS)
    assert response.status_code == status.HTTP_200_OK
    assert [todo["title"] for todo in response.json()] == ["Learn to code!"]


def test_read_one(test_todo):
    response = client.get(f"/todos/{test_todo.id}", headers=HEADERS)
    assert response.status_code == status.HTTP_200_OK
    assert response.json()["priority"] == 5


def test_read_one_not_found(test_todo):
    response = client.get("/todos/999", headers=HEADERS)
    assert response.status_code == 404
    assert response.json() == {"detail": "Todo not found."}


async def test_create_todo(test_todo):
    request_data = {"title": "New Todo!", "description": "New todo description", "priority": 5}

    response = client.post("/todos", json=request_data, headers=HEADERS)
    assert response.status_code == 201

    db = TestingSessionLocal()
    model = (
        await db.scalars(select(Todos).where(Todos.title == "New Todo!").limit(1))
    ).first()
    assert model is not None
    assert model.description == request_data["description"]
    assert model.complete is False
    await db.close()


async def test_update_todo(test_todo):
    request_data = {"title": "Change the title", "priority": 1, "complete": True}

    response = client.put(f"/todos/{test_todo.id}", json=request_data, headers=HEADERS)
    assert response.status_code == 204
    db = TestingSessionLocal()
    model = (
        await db.scalars(select(Todos).where(Todos.id == test_todo.id).limit(1))
    ).first()
    assert model.title == "Change the title"
    assert model.complete is True
    await db.close()


async def test_delete_todo(test_todo):
    response = client.delete(f"/todos/{test_todo.id}", headers=HEADERS)
    assert response.status_code == 204
    db = TestingSessionLocal()
    model = (
        await db.scalars(select(Todos).where(Todos.id == test_todo.id).limit(1))
    ).first()
    assert model is None
    await db.close()


def test_stats(test_todo, test_user):
    response = client.get(f"/users/{test_user.id}/stats")
    assert response.json() == {"total": 1, "done": 0, "open": ["Learn to code!"]}
