"""Arguments of ``create_engine`` that an async engine refuses, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from codemods.drivers.table import Driver


class Verdict(Enum):
    """What is to be done with an argument."""

    KEEP = "keep"
    DROP = "drop"
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Advice:
    """What is to be done with one argument, and why.

    With ``REPLACE``, ``name`` is the argument's (new) name and ``value`` its new value where that
    changes: for a pool a class of ``sqlalchemy.pool``. ``REFUSE`` means that no edit is faithful.
    """

    verdict: Verdict
    why: str = ""
    name: str = ""
    value: str = ""


_KEEP = Advice(Verdict.KEEP)

_ANY_ENGINE = {
    "server_side_cursors": Advice(
        Verdict.DROP,
        "an async engine has no server-side cursors for all statements; stream() asks for one",
    ),
    "encoding": Advice(Verdict.DROP, "without effect on Python 3, and gone in SQLAlchemy 2.0"),
    "convert_unicode": Advice(
        Verdict.DROP, "without effect on Python 3, and gone in SQLAlchemy 2.0"
    ),
    "strategy": Advice(Verdict.REFUSE, "engine strategies are gone since SQLAlchemy 1.4"),
    "creator": Advice(
        Verdict.REFUSE, "it opens a connection of the sync driver; async engines take async_creator"
    ),
    "module": Advice(Verdict.REFUSE, "it names the sync driver's module"),
    "pool": Advice(Verdict.REFUSE, "it is a pool of sync connections; pass poolclass instead"),
}

_PSYCOPG2_TUNING = Advice(Verdict.DROP, "known to psycopg2 only; it changed speed, not results")
_PSYCOPG2_ONLY = {
    "executemany_mode": _PSYCOPG2_TUNING,
    "executemany_batch_page_size": _PSYCOPG2_TUNING,
    "executemany_values_page_size": _PSYCOPG2_TUNING,
    "use_batch_mode": _PSYCOPG2_TUNING,
    "use_native_unicode": Advice(Verdict.DROP, "known to psycopg2 only; text is always str"),
    "use_native_uuid": Advice(Verdict.DROP, "known to psycopg2 only; uuid is always native"),
}

_STATIC_POOL_REFUSES = frozenset({"max_overflow", "pool_size", "pool_timeout", "pool_use_lifo"})

_PSYCOPG2_CONNECT = frozenset({"async", "async_", "connection_factory", "cursor_factory", "dsn"})


def engine_argument(
    driver: Driver, name: str, value: str = "", *, memory: bool = False, static: bool = False
) -> Advice:
    """What becomes of the keyword ``name`` of ``create_engine`` on an engine of ``driver``.

    ``value`` is its source text, where that matters. ``memory`` tells that the URL is of an
    in-memory SQLite, ``static`` that the call names a pool class itself.
    """
    if name == "poolclass":
        return _pool_class(value, memory)
    if driver.name == "aiosqlite" and memory and not static and name in _STATIC_POOL_REFUSES:
        return Advice(
            Verdict.DROP, "an in-memory database has one connection in async form (StaticPool)"
        )
    if name in _ANY_ENGINE:
        return _ANY_ENGINE[name]
    if driver.database == "postgresql":
        return _postgresql(driver, name, value)
    return _KEEP


def _pool_class(value: str, memory: bool) -> Advice:
    pool = value.rpartition(".")[2].strip()
    if pool == "QueuePool":
        return Advice(
            Verdict.REPLACE,
            "QueuePool blocks; async engines refuse it",
            "poolclass",
            "AsyncAdaptedQueuePool",
        )
    if pool == "SingletonThreadPool":
        if memory:
            return Advice(
                Verdict.REPLACE,
                "a connection for each thread has no meaning on the event loop",
                "poolclass",
                "StaticPool",
            )
        return Advice(Verdict.DROP, "a connection for each thread has no meaning on the event loop")
    return _KEEP


def _postgresql(driver: Driver, name: str, value: str) -> Advice:
    if name in _PSYCOPG2_ONLY:
        return _PSYCOPG2_ONLY[name]
    if driver.name != "asyncpg":
        return _KEEP
    if name == "client_encoding":
        if value.strip("'\"").lower().replace("-", "").replace("_", "") in {"utf8", "unicode"}:
            return Advice(Verdict.DROP, "asyncpg speaks UTF-8 always")
        return Advice(Verdict.REFUSE, "asyncpg speaks UTF-8 only")
    if name == "use_native_hstore":
        return Advice(Verdict.REFUSE, "asyncpg needs a codec for hstore")
    return _KEEP


def connect_argument(driver: Driver, key: str) -> Advice:
    """What becomes of ``key`` in the dictionary given as ``connect_args``."""
    if driver.name == "aiosqlite":
        if key == "check_same_thread":
            return Advice(Verdict.DROP, "aiosqlite has a thread of its own for each connection")
        if key == "factory":
            return Advice(Verdict.REFUSE, "aiosqlite makes its connections itself")
        return _KEEP
    if driver.name == "asyncpg":
        return _asyncpg_connect(driver, key)
    if driver.name == "psycopg":
        if key in _PSYCOPG2_CONNECT:
            return Advice(Verdict.REFUSE, f"psycopg 3 takes no {key}")
        if key == "database":
            return Advice(Verdict.REPLACE, "psycopg 3 calls it dbname", "dbname")
        return _KEEP
    if driver.accepted is None or key in driver.accepted:
        return _KEEP
    if key in driver.dropped:
        return Advice(Verdict.DROP, f"{driver.name} takes no {key}")
    return Advice(Verdict.REFUSE, f"{driver.name} takes no {key}")


def _asyncpg_connect(driver: Driver, key: str) -> Advice:
    renamed = {"connect_timeout": "timeout", "dbname": "database", **driver.renamed}
    if key in renamed:
        new = renamed[key]
        return Advice(Verdict.REPLACE, f"asyncpg calls it {new}", new)
    if key == "application_name":
        return Advice(
            Verdict.REPLACE,
            "asyncpg takes it as a server setting",
            "server_settings.application_name",
        )
    if key == "options":
        return Advice(
            Verdict.REFUSE, "asyncpg takes server settings as connect_args['server_settings']"
        )
    if driver.accepted is not None and key in driver.accepted:
        return _KEEP
    if key in driver.dropped:
        return Advice(Verdict.DROP, f"asyncpg takes no {key}")
    return Advice(Verdict.REFUSE, f"asyncpg takes no {key}")
