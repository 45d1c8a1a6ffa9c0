import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from fastapi.concurrency import run_in_threadpool
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from library import services, tasks
from library.api import app
from library.db import Base, engine, session_scope, sync_session_scope
from library.models import Book, Member

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def fresh():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


def test_transactional_opens_its_own_session():
    assert services.add_book_label("Emma", "Jane Austen") == "Emma (Jane Austen)"
    with sync_session_scope() as db:
        assert services.add_book(db, "Persuasion", "Jane Austen").author.name == "Jane Austen"
        assert [book.title for book in services.shelf(db)] == ["Emma", "Persuasion"]
    with pytest.raises(services.LibraryError):
        services.add_book("Emma", "Jane Austen")


async def test_scope_rolls_back():
    with pytest.raises(ZeroDivisionError):
        async with session_scope() as db:
            db.add(Member(name="Ann"))
            1 / 0
    assert (await run_in_threadpool(tasks.snapshot))["members"] == 0


async def test_reminders(client):
    client.post("/books/import", content="Emma; Jane Austen\nDune; Frank Herbert", headers={"content-type": "text/plain"})
    client.post("/members", json={"name": "Ann"})
    r = client.post("/loans", json={"book_id": 1, "member_id": 1, "due": "2024-01-10"})
    assert r.status_code == 201
    async with session_scope() as db:
        assert await db.run_sync(services.reminders, date(2024, 1, 12)) == [
            "Ann: Emma (Jane Austen), 2 days late"
        ]
        assert await db.scalar(select(func.count()).select_from(Book)) == 2
    assert client.get("/reminders?today=2024-01-09").json() == []


def test_manage():
    def manage(*args):
        root = Path(__file__).parents[1]
        done = subprocess.run([sys.executable, "manage.py", *args], cwd=root, capture_output=True, text=True)
        return done.stdout.splitlines(), done.stderr

    assert manage("add", "Emma", "Jane Austen") == (["Emma (Jane Austen)"], "")
    assert manage("reindex") == (["1 books"], "")
    assert manage("stats")[0] == ["authors: 1", "books: 1", "busiest: None", "loans: 0", "members: 0"]
    assert "usage" in manage("what")[1]
