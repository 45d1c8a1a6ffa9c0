"""Which driver an application gets, and what it asks for."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from codemods.drivers import (
    DATABASES,
    DRIVERS,
    UnsupportedDriverError,
    Verdict,
    choose,
    connect_argument,
    database_named,
    engine_argument,
)


@pytest.mark.parametrize(
    ("database", "version", "driver"),
    [
        ("postgresql", None, "psycopg"),
        ("postgres", "2.0.40", "psycopg"),
        ("postgresql", "2.1.9", "psycopg"),
        ("postgresql", "1.4.23", "asyncpg"),
        ("sqlite", "1.4.54", "aiosqlite"),
        ("mysql", "2.0", "asyncmy"),
        ("mariadb", "1.4.24", "asyncmy"),
        ("mysql", "1.4.23", "aiomysql"),
        ("mssql", "2.0", "aioodbc"),
        ("oracle", "2.0.30", "oracledb"),
    ],
)
def test_default(database: str, version: str | None, driver: str) -> None:
    assert choose(database, version).name == driver


@pytest.mark.parametrize(
    ("database", "override", "drivername"),
    [
        ("postgresql", "asyncpg", "postgresql+asyncpg"),
        ("postgresql", "postgresql+asyncpg", "postgresql+asyncpg"),
        ("mysql", "aiomysql", "mysql+aiomysql"),
    ],
)
def test_override(database: str, override: str, drivername: str) -> None:
    assert choose(database, "2.0.40", override).drivername == drivername


@pytest.mark.parametrize(
    ("database", "version", "override", "word"),
    [
        ("postgresql", "1.4.54", "psycopg", "2.0"),
        ("postgresql", "1.3.24", None, "asyncio extension"),
        ("postgresql", None, "aiosqlite", "psycopg, asyncpg"),
        ("mssql", "1.4.54", None, "2.0"),
        ("oracle", "2.0.4", None, "2.0.25"),
        ("firebird", None, None, "firebird"),
    ],
)
def test_refused(database: str, version: str | None, override: str | None, word: str) -> None:
    with pytest.raises(UnsupportedDriverError, match=word):
        choose(database, version, override)


@pytest.mark.parametrize(
    ("driver", "version", "requirement"),
    [
        ("psycopg", "2.0.40", "psycopg[binary]>=3.1"),
        ("aiosqlite", "1.4.54", "aiosqlite<0.22,>=0.17"),
        ("aiosqlite", "2.0", "aiosqlite<0.22,>=0.19"),
        ("aiosqlite", "2.0.48", "aiosqlite>=0.19"),
        ("aiosqlite", None, "aiosqlite>=0.19"),
        ("asyncmy", "2.0.9", "asyncmy>=0.2.9"),
        ("asyncmy", "2.1.1", "asyncmy>=0.2.12"),
    ],
)
def test_requirement(driver: str, version: str | None, requirement: str) -> None:
    known = Version(version) if version else None
    assert str(DRIVERS[driver].requirement(known)) == requirement


def test_mysql_needs_a_library_to_log_in() -> None:
    names = [item.name for item in DRIVERS["asyncmy"].requirements(None)]
    assert names == ["asyncmy", "cryptography"]
    assert [str(item) for item in DRIVERS["asyncpg"].requirements(None)] == ["asyncpg>=0.27"]


def test_the_table_hangs_together() -> None:
    for database in DATABASES:
        assert database_named(database.name) is database
        for name in database.drivers:
            driver = DRIVERS[name]
            assert driver.database == database.name
            assert driver.drivername == f"{database.name}+{name}"
            assert [Requirement(text).name for _, text in driver.needs]
            assert driver.distribution not in database.distributions
            assert name not in database.sync_drivers
            assert not driver.dropped & (driver.accepted or frozenset())


def _engine(driver: str, name: str, value: str = "", **flags: bool) -> tuple[Verdict, str]:
    advice = engine_argument(DRIVERS[driver], name, value, **flags)
    assert advice.why or advice.verdict is Verdict.KEEP
    return advice.verdict, advice.value


def test_pools() -> None:
    replaced = (Verdict.REPLACE, "AsyncAdaptedQueuePool")
    assert _engine("psycopg", "poolclass", "QueuePool") == replaced
    assert _engine("psycopg", "poolclass", "sqlalchemy.pool.QueuePool") == replaced
    assert _engine("psycopg", "poolclass", "pool.NullPool") == (Verdict.KEEP, "")
    assert _engine("aiosqlite", "poolclass", "StaticPool", memory=True) == (Verdict.KEEP, "")
    singleton = _engine("aiosqlite", "poolclass", "SingletonThreadPool", memory=True)
    assert singleton == (Verdict.REPLACE, "StaticPool")
    assert _engine("aiosqlite", "poolclass", "SingletonThreadPool")[0] is Verdict.DROP
    assert _engine("aiosqlite", "pool_size", "5", memory=True)[0] is Verdict.DROP
    assert _engine("aiosqlite", "pool_size", "5")[0] is Verdict.KEEP
    assert _engine("aiosqlite", "pool_size", "5", memory=True, static=True)[0] is Verdict.KEEP


@pytest.mark.parametrize(
    ("driver", "name", "value", "verdict"),
    [
        ("psycopg", "server_side_cursors", "True", Verdict.DROP),
        ("psycopg", "executemany_mode", "'values_only'", Verdict.DROP),
        ("psycopg", "client_encoding", "'utf8'", Verdict.KEEP),
        ("asyncpg", "client_encoding", "'UTF-8'", Verdict.DROP),
        ("asyncpg", "client_encoding", "'latin1'", Verdict.REFUSE),
        ("asyncpg", "use_native_hstore", "True", Verdict.REFUSE),
        ("psycopg", "use_native_hstore", "True", Verdict.KEEP),
        ("aiosqlite", "convert_unicode", "True", Verdict.DROP),
        ("aiosqlite", "creator", "connect", Verdict.REFUSE),
        ("aiosqlite", "echo", "True", Verdict.KEEP),
        ("asyncmy", "pool_pre_ping", "True", Verdict.KEEP),
        ("asyncmy", "strategy", "'threadlocal'", Verdict.REFUSE),
    ],
)
def test_engine_arguments(driver: str, name: str, value: str, verdict: Verdict) -> None:
    assert _engine(driver, name, value)[0] is verdict


@pytest.mark.parametrize(
    ("driver", "key", "verdict", "name"),
    [
        ("aiosqlite", "check_same_thread", Verdict.DROP, ""),
        ("aiosqlite", "timeout", Verdict.KEEP, ""),
        ("psycopg", "options", Verdict.KEEP, ""),
        ("psycopg", "cursor_factory", Verdict.REFUSE, ""),
        ("psycopg", "database", Verdict.REPLACE, "dbname"),
        ("asyncpg", "sslmode", Verdict.REPLACE, "ssl"),
        ("asyncpg", "connect_timeout", Verdict.REPLACE, "timeout"),
        ("asyncpg", "application_name", Verdict.REPLACE, "server_settings.application_name"),
        ("asyncpg", "options", Verdict.REFUSE, ""),
        ("asyncpg", "sslrootcert", Verdict.REFUSE, ""),
        ("asyncpg", "keepalives", Verdict.DROP, ""),
        ("asyncpg", "ssl", Verdict.KEEP, ""),
        ("asyncmy", "ssl", Verdict.KEEP, ""),
        ("asyncmy", "write_timeout", Verdict.DROP, ""),
        ("asyncmy", "cursorclass", Verdict.REFUSE, ""),
        ("aioodbc", "timeout", Verdict.KEEP, ""),
    ],
)
def test_connect_arguments(driver: str, key: str, verdict: Verdict, name: str) -> None:
    advice = connect_argument(DRIVERS[driver], key)
    assert (advice.verdict, advice.name) == (verdict, name)
