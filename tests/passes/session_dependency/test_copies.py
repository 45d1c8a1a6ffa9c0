"""Copies of one dependency are told; what only looks like one is not."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes.session_dependency import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

DATABASE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite://")
SessionLocal = sessionmaker(engine)
Archive = sessionmaker(create_engine("sqlite:///archive.db"))
"""
ROUTER = """\
from fastapi import APIRouter, Depends
{imports}

router = APIRouter()


def get_db():
{body}


@router.get("/")
def read(db=Depends(get_db)):
    return db.connection().info
"""
FIRST = "from database import SessionLocal"
BODY = "with SessionLocal() as db:\n    yield db"

COPIES = {
    "the same name": (FIRST, BODY),
    "by the module": ("import database", None),
    "with a docstring": (FIRST, f'"""A session."""\n{BODY}'),
    "under another name of the module": ("import database as db_module", None),
}
OTHERS = {
    "another factory": ("from database import Archive as SessionLocal", BODY),
    "other statements": (FIRST, "with SessionLocal() as db, db.begin():\n    yield db"),
    "no session": ("", "yield {}.keys()"),
}


def findings(imports: str, body: str | None, other: str = BODY) -> list[str]:
    second = other
    if body is None:  # both by the module, each in its own words
        body = BODY.replace("SessionLocal", f"{imports.split()[-1]}.SessionLocal")
        second = body
    first_imports = imports if second != other else FIRST
    files = {"database.py": DATABASE}
    for name, text, line in (("a.py", second, first_imports), ("b.py", body, imports)):
        files[name] = ROUTER.format(imports=line, body=textwrap.indent(text, "    "))
    base = CodeBase(Path("/nowhere"), {p: SourceFile(p, t) for p, t in files.items()})
    return [
        f"{f.path} {f.code} {f.message}"
        for f in migrate(base, [PASS], Options(jobs=1)).findings
        if f.code == "LL106"
    ]


@pytest.mark.parametrize("name", COPIES)
def test_told(name: str) -> None:
    imports, body = COPIES[name]
    message = "get_db is a copy of the one in a.py: one is enough"
    assert findings(imports, body) == [f"b.py LL106 {message}"]


@pytest.mark.parametrize("name", OTHERS)
def test_not_told(name: str) -> None:
    imports, body = OTHERS[name]
    assert body is not None
    assert findings(imports, body) == []
