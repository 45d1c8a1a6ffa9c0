"""Factories of tests that are given a session: told where it became async, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.test_runner_requirement import APP

from codemods.config import Options
from codemods.findings import Treatment
from codemods.passes import all_passes
from codemods.pipeline import inspect
from codemods.selection import resolve
from codemods.source import CodeBase, SourceFile

CONFTEST = """\
import pytest
from app import SessionLocal


@pytest.fixture
def session():
    with SessionLocal() as db:
        yield db


@pytest.fixture
def other():
    return object()
"""
TEST = """\
from factories import ItemFactory


def test_item({parameter}):
    {assignment}
    assert ItemFactory.build()
"""


def told(parameter: str, assignment: str) -> list[str]:
    test = TEST.format(parameter=parameter, assignment=assignment)
    texts = {"app.py": APP, "conftest.py": CONFTEST, "test_item.py": test}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    options = Options(jobs=1)
    rules = resolve(options, all_passes()).passes
    found = inspect(CodeBase(Path("/nowhere"), files), rules, options).findings
    assert all(f.treatment is Treatment.LEFT for f in found if f.code == "LL409")
    return [f.path for f in found if f.code == "LL409"]


@pytest.mark.parametrize(
    "assignment",
    ["ItemFactory._meta.sqlalchemy_session = session", "ItemFactory.__session__ = session"],
)
def test_told(assignment: str) -> None:
    assert told("session", assignment) == ["test_item.py"]


@pytest.mark.parametrize(
    ("parameter", "assignment"),
    [
        ("other", "ItemFactory._meta.sqlalchemy_session = other"),
        ("session", "ItemFactory.session = session"),
        ("session", "ItemFactory._meta.sqlalchemy_session = session.sync_session"),
    ],
)
def test_not_told(parameter: str, assignment: str) -> None:
    assert told(parameter, assignment) == []
