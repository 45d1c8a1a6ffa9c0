"""URLs as they stand in code, whole or as the beginning of an f-string."""

from __future__ import annotations

import pytest

from codemods.drivers import (
    DRIVERS,
    async_drivername,
    async_url,
    choose,
    convert,
    database_of,
    in_memory,
    is_async,
    pooler,
)
from codemods.drivers.urls import convert_query

NEW = {name: choose(name) for name in ("postgresql", "sqlite", "mysql", "mssql", "oracle")}
OLD = {"postgresql": choose("postgresql", "1.4.23"), "sqlite": choose("sqlite", "1.4.23")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("postgresql://", "postgresql+psycopg://"),
        ("postgresql+psycopg2://", "postgresql+psycopg://"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d?sslmode=require", "postgresql+psycopg://u:p@h/d?sslmode=require"),
        ("postgresql+pg8000://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("sqlite://", "sqlite+aiosqlite://"),
        ("sqlite:///./x.db", "sqlite+aiosqlite:///./x.db"),
        ("sqlite:///:memory:", "sqlite+aiosqlite:///:memory:"),
        ("sqlite+pysqlite://", "sqlite+aiosqlite://"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("mysql://u@h/d", "mysql+asyncmy://u@h/d"),
        ("mysql+pymysql://u@h/d?charset=utf8mb4", "mysql+asyncmy://u@h/d?charset=utf8mb4"),
        ("mariadb+mysqldb://u@h/d", "mariadb+asyncmy://u@h/d"),
        ("mssql+pyodbc://h/d?driver=x", "mssql+aioodbc://h/d?driver=x"),
        ("oracle+cx_oracle://h", "oracle+oracledb://h"),
        ("oracle+oracledb://h", "oracle+oracledb://h"),
    ],
)
def test_urls(before: str, after: str) -> None:
    assert async_url(before, NEW) == after
    assert async_url(after, NEW) == after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postgresql",
        "postgresql+",
        "postgres://",
        "sqlite+pysqlcipher://",
        "postgresql+unheard_of://",
        "https://example.org",
        "redis://localhost",
        " postgresql://",
    ],
)
def test_no_url_that_can_be_converted(text: str) -> None:
    assert async_url(text, NEW) is None


def test_a_database_without_a_driver_is_left() -> None:
    assert async_url("mysql://h/d", OLD) is None


def test_the_older_spelling_of_postgresql_is_told_apart() -> None:
    edit = convert("postgres://u@h/d", NEW)
    assert edit is not None
    assert (edit.text, edit.invalid) == ("postgresql+psycopg://u@h/d", True)


def test_asyncpg_has_its_own_options() -> None:
    edit = convert("postgresql://h/d?sslmode=require&connect_timeout=3&channel_binding=x", OLD)
    assert edit is not None
    assert edit.text == "postgresql+asyncpg://h/d?ssl=require"
    assert edit.dropped == ("connect_timeout", "channel_binding")
    assert async_url("postgresql://h/d?connect_timeout=3", OLD) == "postgresql+asyncpg://h/d"


def test_asyncpg_refuses_what_can_not_be_left_out() -> None:
    literal = "postgresql://h/d?options=-csearch_path%3Dtenant"
    edit = convert(literal, OLD)
    assert edit is not None
    assert edit.refused == ("options",)
    assert async_url(literal, OLD) is None
    assert async_url(literal, NEW) == "postgresql+psycopg" + literal.removeprefix("postgresql")


@pytest.mark.parametrize(
    ("fragment", "text", "refused"),
    [
        ("?sslmode=", "?ssl=", ()),
        ("?connect_timeout=3&sslmode=", "?ssl=", ()),
        ("?connect_timeout=", "?connect_timeout=", ("connect_timeout",)),
        ("/name", "/name", ()),
        ("?", "?", ()),
        ("&sslmode=disable", "&ssl=disable", ()),
    ],
)
def test_the_end_of_an_f_string(fragment: str, text: str, refused: tuple[str, ...]) -> None:
    edit = convert_query(fragment, DRIVERS["asyncpg"])
    assert (edit.text, edit.refused) == (text, refused)


def test_mysql_keeps_the_options_of_tls() -> None:
    url = "mysql+pymysql://h/d?ssl_ca=/ca.pem&charset=utf8mb4"
    assert async_url(url, NEW) == "mysql+asyncmy://h/d?ssl_ca=/ca.pem&charset=utf8mb4"
    assert async_url("mysql://h/d?ssl_mode=REQUIRED", NEW) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("postgresql", "postgresql+psycopg"),
        ("postgresql+psycopg2", "postgresql+psycopg"),
        ("postgresql+psycopg", "postgresql+psycopg"),
        ("postgres", "postgresql+psycopg"),
        ("sqlite", "sqlite+aiosqlite"),
        ("mariadb", "mariadb+asyncmy"),
        ("postgresql+other", None),
        ("app", None),
    ],
)
def test_drivernames(before: str, after: str | None) -> None:
    assert async_drivername(before, NEW) == after


def test_what_is_async_already() -> None:
    assert is_async("postgresql+psycopg")
    assert is_async("postgresql+psycopg_async://h/d")
    assert is_async("sqlite+aiosqlite:///x")
    assert not is_async("postgresql")
    assert not is_async("postgresql+psycopg2")
    assert not is_async("sqlite+psycopg")


def test_database_of() -> None:
    found = [database_of(text) for text in ("postgres://h", "sqlite", "mysql+pymysql", "http://")]
    names = [database.name if database else None for database in found]
    assert names == ["postgresql", "sqlite", "mysql", None]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite://", True),
        ("sqlite+aiosqlite://", True),
        ("sqlite:///:memory:", True),
        ("sqlite:///", True),
        ("sqlite:///file:x?mode=memory&cache=shared&uri=true", True),
        ("sqlite:///file::memory:?cache=shared&uri=true", True),
        ("sqlite:///./x.db", False),
        ("sqlite:////tmp/x.db", False),
        ("postgresql://", False),
        ("x", False),
    ],
)
def test_in_memory(url: str, expected: bool) -> None:
    assert in_memory(url) is expected


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("postgresql://u:p@db.example.org:6432/d", "6432"),
        ("postgresql://u:p@aws-0-eu.pooler.supabase.com:5432/d", "Supabase"),
        ("postgresql://u:p@ep-x-pooler.eu.aws.neon.tech/d", "Neon"),
        ("postgresql://u:p@pgbouncer/d", "pgbouncer"),
        ("postgresql://u:p@h/d?pgbouncer=true", "pgbouncer"),
    ],
)
def test_poolers(url: str, word: str) -> None:
    assert word in (pooler(url) or "")


def test_no_pooler() -> None:
    assert pooler("postgresql://u:p@db.example.org:5432/d") is None
