"""Tests that run an event loop themselves, and become async for the session of their fixture."""

from __future__ import annotations

from pathlib import Path

from passes.async_session.decided import HEAD
from passes.async_session.suites import flipped, passing

APP = (
    HEAD
    + """

async def work(db: Session):
    return [item.name for item in db.scalars(select(Item))]


@app.get("/")
def read(db: Session = Depends(get_db)):
    return [item.name for item in db.scalars(select(Item))]
"""
)
SUITE = """
import asyncio

import pytest
from app import Base, Item, SessionLocal, engine, work


@pytest.fixture
def db():
    Base.metadata.create_all(engine)
    session = SessionLocal()
    yield session
    session.close()


def test_run(db):
    assert asyncio.run(work(db)) == []
    db.rollback()


def test_loop(db):
    loop = asyncio.new_event_loop()
    db.add(Item(name="one"))
    db.flush()
    assert loop.run_until_complete(work(db)) == ["one"]
    loop.close()
    db.rollback()
"""


def test_what_they_run_is_awaited(tmp_path: Path) -> None:
    files = {"app.py": APP, "test_app.py": SUITE}
    after = flipped(files)
    assert after["test_app.py"].count("await work(db)") == 2
    assert passing(files, tmp_path / "before") == passing(after, tmp_path / "after") == 2
