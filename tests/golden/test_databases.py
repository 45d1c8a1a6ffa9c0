"""The databases of the golden applications, and what is said where PostgreSQL is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from .databases import NOT_TESTED, PostgresServer, find_binaries, rows, sqlite_database
from .runner import TESTS

PROBE = """
def test_needs_postgres(postgres):
    pass
"""


def run_probe(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a test that wants PostgreSQL under the suite's own conftest."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text(encoding="utf-8"))
    (folder / "test_probe.py").write_text(PROBE)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOOPLIFT_", "PYTEST_"))}
    kept |= {"PYTHONPATH": str(TESTS), "LOOPLIFT_POSTGRES_BIN": str(folder / "bin")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1", str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=kept | environment
    )


def test_without_postgres_the_summary_says_so(tmp_path: Path) -> None:
    done = run_probe(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{NOT_TESTED} (1 tests skipped)." in done.stdout


def test_without_postgres_it_fails_where_it_is_required(tmp_path: Path) -> None:
    done = run_probe(tmp_path, LOOPLIFT_REQUIRE_POSTGRES="1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert NOT_TESTED in done.stdout


def test_binaries_are_found_only_where_both_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPLIFT_POSTGRES_BIN", str(tmp_path))
    (tmp_path / "initdb").touch()
    assert find_binaries() is None
    (tmp_path / "postgres").touch()
    assert find_binaries() == tmp_path


def test_postgres_databases_are_fresh(postgres: PostgresServer) -> None:
    one, two = postgres.database(), postgres.database()
    with psycopg.connect(one.dsn) as connection:
        connection.execute("create table t (id int, name text)")
        connection.execute("insert into t values (2, 'b'), (1, null)")
    assert rows(one) == {"t": (("id", "name"), [("1", "None"), ("2", "'b'")])}
    assert rows(two) == {}
    postgres.drop(one)
    postgres.drop(two)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(one.dsn)


def test_sqlite_database_that_was_never_made(tmp_path: Path) -> None:
    assert rows(sqlite_database(tmp_path / "none.sqlite")) == {}
