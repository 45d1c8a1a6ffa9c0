"""Small applications around one shape: migrated by the flip alone."""

from __future__ import annotations

import textwrap
from pathlib import Path

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
import contextlib
import threading
from contextlib import contextmanager

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///app.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


"""


def migrated(body: str, head: str = HEAD, **others: str) -> Migration:
    """The migration of an application of one module (and others by name)."""
    source = head + textwrap.dedent(body).strip("\n") + "\n"
    files = {"app.py": SourceFile("app.py", source)}
    for name, text in others.items():
        files[f"{name}.py"] = SourceFile(f"{name}.py", textwrap.dedent(text).lstrip("\n"))
    return migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))


def after(body: str, head: str = HEAD) -> str:
    """The module after the flip."""
    return migrated(body, head).after["app.py"].text


def colours(migration: Migration) -> dict[str, str]:
    """The treatment of each function."""
    decisions = [d for run in migration.runs for d in run.outcome.decisions]
    return {d.symbol: d.treatment for d in decisions if d.treatment != "note"}
