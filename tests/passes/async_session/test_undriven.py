"""Engines whose database has no async driver: they stay sync, and the application starts."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
import os

from fastapi import Depends, FastAPI
from sqlalchemy import Column, Integer, create_engine, select
from sqlalchemy.orm import Session, declarative_base, sessionmaker

URL = os.environ["DATABASE_URL"]
engine = create_engine({url})
SessionLocal = sessionmaker(bind=engine)
Base = declarative_base()
app = FastAPI()


class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return [item.id for item in db.scalars(select(Item))]
"""

CASES = {
    "a driver that SQLAlchemy 1.4 has not": ('"mssql+pyodbc://host/app"', "sqlalchemy==1.4.41"),
    "a database that nobody knows": ('"duckdb:///items.db"', "sqlalchemy>=2.0"),
    "the manifest says what the URL is of": ("URL", "sqlalchemy==1.4.41\npyodbc"),
}


def _flip(url: str, requirements: str, more: str = "") -> Migration:
    text = HEAD.format(url=url) + textwrap.dedent(more)
    files = {
        "app.py": SourceFile("app.py", text),
        "requirements.txt": SourceFile("requirements.txt", requirements + "\n"),
    }
    return migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))


@pytest.mark.parametrize("name", CASES)
def test_it_stays_sync_with_the_reason(name: str) -> None:
    url, requirements = CASES[name]
    migration = _flip(url, requirements)
    assert not migration.changed
    (run,) = migration.runs
    found = [f for f in run.outcome.findings if f.symbol == "items"]
    assert [f.code for f in found] == ["LL403"]
    assert "no async driver is known" in str(found) or "needs SQLAlchemy 2.0" in str(found)


def test_the_same_application_flips_where_there_is_a_driver() -> None:
    assert (
        "create_async_engine"
        in _flip('"mssql+pyodbc://h/a"', "sqlalchemy>=2.0").after["app.py"].text
    )


def test_another_engine_becomes_async_beside_it() -> None:
    more = """

    reports = create_engine("duckdb:///reports.db")
    Base.metadata.create_all(reports)


    @app.get("/reports")
    def read_reports():
        with Session(reports) as db:
            return [item.id for item in db.scalars(select(Item))]
    """
    text = _flip('"sqlite:///items.db"', "sqlalchemy>=2.0", more).after["app.py"].text
    assert 'engine = create_async_engine("sqlite+aiosqlite:///items.db")' in text
    assert 'reports = create_engine("duckdb:///reports.db")' in text
    assert "\nBase.metadata.create_all(reports)" in text
    assert "\ndef read_reports():\n    with Session(reports) as db:\n" in text
    assert "async def items(" in text
