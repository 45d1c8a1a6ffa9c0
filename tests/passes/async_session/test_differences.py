"""What the change of driver would change is rewritten or reported, and nothing else is."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
from datetime import datetime, timezone

from fastapi import Depends, FastAPI
from sqlalchemy import Column, DateTime, Integer, String, create_engine, func, literal_column
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base, sessionmaker

engine = create_engine("{url}")
SessionLocal = sessionmaker(engine)
Base = declarative_base()
app = FastAPI()


class Event(Base):
    __tablename__ = "events"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
    at = Column(DateTime)
    seen = Column(DateTime(timezone=True))


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/")
def read(unit, size: int, db: Session = Depends(get_db)):
"""
POSTGRES, SQLITE = "postgresql://localhost/x", "sqlite:///x.db"


def migrated(body: str, url: str = POSTGRES, driver: str = "psycopg") -> Migration:
    source = HEAD.replace("{url}", url) + textwrap.indent(textwrap.dedent(body).strip(), "    ")
    files = {
        "app.py": SourceFile("app.py", source + "\n"),
        "requirements.txt": SourceFile("requirements.txt", "sqlalchemy>=2.0\npsycopg2\n"),
    }
    options = Options(jobs=1, driver=(("postgresql", driver),))
    return migrate(CodeBase(Path("/nowhere"), files), [PASS], options)


def reported(migration: Migration) -> list[str]:
    return [found.message for found in migration.findings if found.code == "LL406"]


def text_of(migration: Migration) -> str:
    return migration.after["app.py"].text.partition("async def read(")[2]


DAY = "func.date_trunc('day', Event.at)"

UNCHANGED = {
    "a column": "db.execute(select(Event.name).group_by(Event.name)).all()",
    "once": f"db.execute(select(func.count()).group_by({DAY})).all()",
    "a literal column": (
        "db.execute(select(func.date_trunc(literal_column(\"'day'\"), Event.at))"
        ".group_by(func.date_trunc(literal_column(\"'day'\"), Event.at))).all()"
    ),
    "an order of what is not grouped": f"db.execute(select({DAY}).order_by({DAY})).all()",
    "a function of columns": (
        "db.execute(select(func.coalesce(Event.at, Event.seen))"
        ".group_by(func.coalesce(Event.at, Event.seen))).all()"
    ),
    "a number for a number": "db.scalars(select(Event).where(Event.id == 1)).all()",
    "a string for a string": "db.scalars(select(Event).where(Event.name == '1')).all()",
    "one value in brackets": "db.execute(text('select 1 where 1 in (:x)'), {'x': 1}).all()",
    "words in a string": "db.execute(text(\"select ':x is null; in :y'\")).all()",
    "an end": "db.execute(text('select 1;')).all()",
    "a value that is null": "db.execute(text('select 1 where name is null')).all()",
    "rows affected by an update": "db.execute(text('update events set id = 1')).rowcount",
}


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("name", UNCHANGED)
def test_unchanged(name: str, driver: str) -> None:
    migration = migrated(UNCHANGED[name], driver=driver)
    for sign in ("literal_execute", "bindparam", "cast("):
        assert sign not in text_of(migration)
    assert not reported(migration)


def test_other_databases_are_left_alone() -> None:
    body = f"db.execute(select({DAY}, func.count()).group_by({DAY}))"
    assert "literal_execute" not in text_of(migrated(body, SQLITE))
    assert "literal_execute" in text_of(migrated(body))


def test_a_value_of_unknown_type_is_reported() -> None:
    grouped = "func.date_trunc(unit, Event.at)"
    migration = migrated(f"db.execute(select({grouped}).group_by({grouped}))")
    assert "literal_execute" not in text_of(migration)
    assert len(reported(migration)) == 1


def test_a_value_of_known_type_is_written_into_the_sql() -> None:
    grouped = "(Event.id / size)"
    migration = migrated(f"db.execute(select({grouped}).group_by({grouped}))")
    assert text_of(migration).count("literal(size, literal_execute=True)") == 2
    assert not reported(migration)


AWARE = {
    "now": "datetime.now(timezone.utc)",
    "now by keyword": "datetime.now(tz=timezone.utc)",
    "made": "datetime(2024, 1, 1, tzinfo=timezone.utc)",
    "replaced": "datetime.utcnow().replace(tzinfo=timezone.utc)",
}
NAIVE = {
    "now": "datetime.now()",
    "utcnow": "datetime.utcnow()",
    "without": "datetime.now(timezone.utc).replace(tzinfo=None)",
}


@pytest.mark.parametrize("name", AWARE)
def test_an_aware_datetime_is_reported(name: str) -> None:
    body = f"db.add(Event({{}}={AWARE[name]}))\ndb.flush()"
    assert len(reported(migrated(body.format("at"), driver="asyncpg"))) == 1
    assert not reported(migrated(body.format("seen"), driver="asyncpg"))
    assert not reported(migrated(body.format("at")))


@pytest.mark.parametrize("name", NAIVE)
def test_a_naive_datetime_is_not(name: str) -> None:
    body = f"db.add(Event(at={NAIVE[name]}))\ndb.flush()"
    assert not reported(migrated(body, driver="asyncpg"))


ERRORS = """
from {} import {}
try:
    db.commit()
except IntegrityError as error:
    return {}
"""


def test_errors_keep_what_they_are() -> None:
    body = ERRORS.format("psycopg2.errors", "UniqueViolation", "error.orig is UniqueViolation")
    migration = migrated(body)
    assert "return error.orig is errors.UniqueViolation" in text_of(migration)
    assert "from psycopg import errors\n" in migration.after["app.py"].text
    other = ERRORS.format("psycopg.errors", "UniqueViolation", "error.orig is UniqueViolation")
    assert "return error.orig is UniqueViolation" in text_of(migrated(other))


def test_a_code_is_that_of_its_class() -> None:
    body = ERRORS.format(
        "psycopg2", "errorcodes", "error.orig.pgcode == errorcodes.FOREIGN_KEY_VIOLATION"
    )
    after = text_of(migrated(body))
    assert "error.orig.sqlstate == errors.ForeignKeyViolation.sqlstate" in after
