"""Tests that the plugin of anyio runs need an anyio that the application's FastAPI can use."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes import all_passes
from codemods.pipeline import migrate
from codemods.selection import resolve
from codemods.source import CodeBase, SourceFile

APP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///a.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/")
def read(db=Depends(get_db)):
    return db.execute(text("select 1")).scalar()
"""
OWN_SESSION = """\
from app import SessionLocal, text


def test_read():
    with SessionLocal() as db:
        assert db.execute(text("select 1")).scalar() == 1
"""
BY_CLIENT = """\
from app import app
from fastapi.testclient import TestClient


def test_read():
    assert TestClient(app).get("/").json() == 1
"""


def requirements(pins: str, test: str, app: str = APP) -> str:
    texts = {"app.py": app, "test_app.py": test, "requirements.txt": pins + "sqlalchemy==1.4.41\n"}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    options = Options(jobs=1)
    rules = resolve(options, all_passes()).passes
    after = migrate(CodeBase(Path("/nowhere"), files), rules, options).after
    assert "async def read" in after["app.py"].text
    return after["requirements.txt"].text


@pytest.mark.parametrize(
    ("pins", "test", "added"),
    [
        ("fastapi==0.68.0\n", OWN_SESSION, True),
        ("fastapi==0.87.0\n", OWN_SESSION, True),
        ("fastapi<0.89\n", OWN_SESSION, True),
        ("fastapi==0.89.0\n", OWN_SESSION, False),
        ("fastapi>=0.68\n", OWN_SESSION, False),
        ("fastapi==0.87.0\n", BY_CLIENT, False),
    ],
)
def test_anyio(pins: str, test: str, added: bool) -> None:
    assert ("anyio>=3.4,<4" in requirements(pins, test)) is added


def test_own_pin_is_kept() -> None:
    text = requirements("fastapi==0.87.0\nanyio==3.6.1\n", OWN_SESSION)
    assert text.count("anyio") == 1 and "anyio==3.6.1" in text


def test_what_a_driver_needs_to_log_in_is_required_too() -> None:
    """MySQL 8 asks for it, and the sync driver had brought it along."""
    before = "fastapi==0.115.0\nmysqlclient==2.2\n"
    app = APP.replace("sqlite://", "mysql://root@localhost/shop")
    assert app != APP
    text = requirements(before, OWN_SESSION, app)
    assert "asyncmy" in text and "cryptography" in text and "mysqlclient" not in text
