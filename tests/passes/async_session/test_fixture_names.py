"""Tests that ask for a fixture by its name: told where that became async, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.test_runner_requirement import APP

from codemods.config import Options
from codemods.findings import Treatment
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

CONFTEST = """\
import pytest
from app import SessionLocal, app, get_db
from fastapi.testclient import TestClient


@pytest.fixture
def session():
    with SessionLocal() as db:
        yield db


@pytest.fixture
def client(session):
    app.dependency_overrides[get_db] = lambda: session
    yield TestClient(app)


@pytest.fixture
def other():
    return object()
"""
TEST = """\
import pytest


@pytest.mark.parametrize("name", ["client"])
def test_item(request, name):
    client = request.getfixturevalue({})
    assert client.get("/").status_code == 200
"""


def told(asked: str) -> list[str]:
    """What the flip says of a test that asks for a fixture."""
    texts = {"app.py": APP, "conftest.py": CONFTEST, "test_item.py": TEST.format(asked)}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    done = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    found = [f for f in done.findings if f.code == "LL410"]
    assert all(f.treatment is Treatment.LEFT for f in found)
    return [f.path for f in found]


@pytest.mark.parametrize("asked", ["name", "'client'", "'session'"])
def test_told(asked: str) -> None:
    assert told(asked) == ["test_item.py"]


def test_not_told() -> None:
    assert told("'other'") == []
