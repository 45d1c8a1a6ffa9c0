"""The function that is written into migrated applications: it is run here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import black
import pytest
from pydantic import PostgresDsn, SecretStr, TypeAdapter
from sqlalchemy.engine import URL, make_url

from codemods.drivers import choose, runtime_helper

BOTH = {"postgresql": choose("postgresql"), "sqlite": choose("sqlite")}
OLD = {"postgresql": choose("postgresql", "1.4.23"), "mysql": choose("mysql", "1.4.23")}

#: Other interpreters (with another SQLAlchemy) to run the function on, if there are any.
PYTHONS = [sys.executable, *filter(None, os.environ.get("LOOPLIFT_PYTHONS", "").split(":"))]

CASES = [
    (BOTH, "postgresql://u:p%40ss@h:5432/d", "postgresql+psycopg://u:p%40ss@h:5432/d"),
    (BOTH, "postgres://u:p@h/d?sslmode=require", "postgresql+psycopg://u:p@h/d?sslmode=require"),
    (BOTH, "postgresql+psycopg2://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    (BOTH, "postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
    (BOTH, "postgresql+psycopg_async://h/d", "postgresql+psycopg_async://h/d"),
    (BOTH, "sqlite:///./x.db", "sqlite+aiosqlite:///./x.db"),
    (BOTH, "sqlite://", "sqlite+aiosqlite://"),
    (BOTH, "mysql+pymysql://h/d", "mysql+pymysql://h/d"),
    (
        OLD,
        "postgresql://h/d?sslmode=require&connect_timeout=3",
        "postgresql+asyncpg://h/d?ssl=require",
    ),
    (OLD, "postgresql://h/d?connect_timeout=3", "postgresql+asyncpg://h/d"),
    (OLD, "postgresql+asyncpg://h/d?sslmode=disable", "postgresql+asyncpg://h/d?ssl=disable"),
    (OLD, "mariadb://h/d?charset=utf8&compress=1", "mariadb+aiomysql://h/d?charset=utf8"),
]


def _function(drivers: dict[str, Any]) -> Callable[[object], URL]:
    namespace: dict[str, Any] = {}
    exec(runtime_helper(drivers), namespace)
    function: Callable[[object], URL] = namespace["async_database_url"]
    return function


@pytest.mark.parametrize(("drivers", "before", "after"), CASES)
def test_strings_and_urls(drivers: dict[str, Any], before: str, after: str) -> None:
    function = _function(drivers)
    assert function(before).render_as_string(hide_password=False) == after
    if not before.startswith("postgres:"):
        assert function(make_url(before)).render_as_string(hide_password=False) == after
    assert function(function(before)) == function(before)


def test_dsns_and_secrets_keep_the_password() -> None:
    function = _function(BOTH)
    dsn = TypeAdapter(PostgresDsn).validate_python("postgresql://u:secret@h:5432/d")
    for url in (dsn, SecretStr(str(dsn)), SecretStr("postgres://u:secret@h:5432/d")):
        result = function(url)
        assert result.password == "secret"
        assert result.drivername == "postgresql+psycopg"
        assert "secret" not in repr(result)


@pytest.mark.parametrize("python", PYTHONS)
def test_other_versions_of_sqlalchemy(python: str) -> None:
    for drivers, before, after in CASES:
        script = runtime_helper(drivers) + (
            f"\nfor _ in range(2):\n    url = async_database_url({before!r})"
            f"\nassert url.render_as_string(hide_password=False) == {after!r}, repr(url)"
            "\nassert async_database_url(url) == url\n"
        )
        command = [python, "-W", "error", "-c", script]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("drivers", [BOTH, OLD, {"sqlite": choose("sqlite")}])
def test_its_text_is_formatted_and_short(drivers: dict[str, Any]) -> None:
    text = runtime_helper(drivers)
    assert black.format_str(text, mode=black.Mode()) == text
    assert max(len(line) for line in text.splitlines()) < 80


def test_its_name_can_be_chosen() -> None:
    assert "def to_async(url: Any) -> URL:" in runtime_helper(BOTH, "to_async")
