"""Arguments of engines: renamed, dropped, refused; and what a transaction pooler asks for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import shop
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

OLD = 'create_engine("postgresql+psycopg2://user@db/shop")'


def _flip(engine: str, driver: str = "psycopg", **more: str) -> Migration:
    text = "import os\n\nfrom sqlalchemy.pool import QueuePool\n\n" + shop.APPLICATION
    texts = {"main.py": text.replace(OLD, f"create_engine({engine})")}
    texts |= {"requirements.txt": "sqlalchemy>=2.0\npsycopg2-binary\n", **more}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    options = Options(jobs=1, driver=(("postgresql", driver),))
    return migrate(CodeBase(Path("/nowhere"), files), [PASS], options)


def _engine(migration: Migration) -> str:
    """The call that makes the engine, on one line."""
    tree = ast.parse(migration.after["main.py"].text)
    return next(
        ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "engine"
    )


def _codes(migration: Migration) -> list[str]:
    return [f.code for f in migration.runs[0].outcome.findings if f.code not in ("LL401", "LL402")]


POOLED = "'postgresql+psycopg2://user@pgbouncer/shop'"
CASES = {
    "a host that says so": (POOLED, "psycopg", "connect_args={'prepare_threshold': None}"),
    "a port, in an f-string": (
        "f'postgresql://{os.environ[\"PATH\"]}@db:6432/shop', pool_size=3",
        "psycopg",
        "pool_size=3, connect_args={'prepare_threshold': None}",
    ),
    "what is there stays": (
        POOLED + ", connect_args={'connect_timeout': 3}",
        "psycopg",
        "connect_args={'connect_timeout': 3, 'prepare_threshold': None}",
    ),
    "the other driver": (
        POOLED + ", connect_args={'connect_timeout': 3, 'application_name': 'x'}",
        "asyncpg",
        "connect_args={'timeout': 3, 'server_settings': {'application_name': 'x'}, "
        "'statement_cache_size': 0, 'prepared_statement_cache_size': 0}",
    ),
    "no pooler": (
        "'postgresql://user@db/shop', connect_args={'options': '-c x=1'}",
        "psycopg",
        "connect_args={'options': '-c x=1'}",
    ),
    "a pool, where the URL is known at run time": (
        "os.environ['URL'], poolclass=QueuePool, executemany_mode='batch'",
        "psycopg",
        "poolclass=AsyncAdaptedQueuePool",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_arguments(name: str) -> None:
    engine, driver, expected = CASES[name]
    migration = _flip(engine, driver)
    found = _engine(migration)
    assert found.startswith("create_async_engine(")
    assert found.endswith(f", {expected})")
    assert _codes(migration) == []
    names = {"create_async_engine": create_async_engine, "os": __import__("os")}
    names |= {"AsyncAdaptedQueuePool": AsyncAdaptedQueuePool}
    if "async_database_url" not in found:
        eval(found, names)


REFUSED = {
    "creator": ("'postgresql://db/shop', creator=os.open", "psycopg", "`creator`"),
    "a class of cursors": (
        "'postgresql://db/shop', connect_args={'cursor_factory': os}",
        "psycopg",
        "`cursor_factory` in `connect_args`",
    ),
    "options": (
        "'postgresql://db/shop', connect_args={'options': '-c x=1'}",
        "asyncpg",
        "`options` in `connect_args`",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_engine_with_an_argument_that_the_driver_refuses_stays(name: str) -> None:
    engine, driver, why = REFUSED[name]
    migration = _flip(engine, driver)
    assert _engine(migration).startswith("create_engine(")
    assert any(why in r for f in migration.runs[0].outcome.findings for r in f.reasons)


FINDINGS = {
    "arguments from elsewhere": (POOLED + ", connect_args=dict(connect_timeout=3)", {}),
    "the Dockerfile names the pooler": (
        "os.environ['URL']",
        {"Dockerfile": "FROM python:3.12\nENV URL=postgresql://user@pgbouncer:6432/shop\n"},
    ),
    "the settings name it": (
        "os.environ.get('URL', 'postgresql://user@a-pooler.neon.tech/shop')",
        {},
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_a_pooler_that_can_not_be_told_is_reported(name: str) -> None:
    engine, more = FINDINGS[name]
    migration = _flip(engine, **more)
    assert _codes(migration) == ["LL407"]
    assert "prepare_threshold" not in _engine(migration)


def test_what_is_said_already_is_no_finding() -> None:
    said = "os.environ['URL'], connect_args={'prepare_threshold': None}"
    docker = "FROM python:3.12\nENV URL=postgresql://user@pgbouncer:6432/shop\n"
    assert _codes(_flip(said, Dockerfile=docker)) == []


@pytest.mark.parametrize("path", ["settings.py", "tests/test_shop.py"])
def test_a_default_for_development_needs_its_driver_too(path: str) -> None:
    named = {path: 'URL = "sqlite:///shop.db"\n'}
    requirements = _flip("os.environ['URL']", **named).after["requirements.txt"].text
    assert "psycopg[binary]" in requirements
    assert ("aiosqlite" in requirements) is (path == "settings.py")
