"""Database URLs as text: whole, or the beginning of an f-string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codemods.drivers.table import DATABASES, DRIVERS, Database, Driver, database_named

_SCHEME = re.compile(r"(?P<backend>[A-Za-z]\w*)(?:\+(?P<driver>\w+))?(?=://)")
_DRIVERNAME = re.compile(r"(?P<backend>[A-Za-z]\w*)(?:\+(?P<driver>\w+))?\Z")

#: What gives a transaction pooler away, and whose it is.
_POOLERS = (
    (re.compile(r"[?&]pgbouncer=true\b", re.IGNORECASE), "the URL says pgbouncer=true"),
    (re.compile(r"@[^/?]*\bpgbouncer\b", re.IGNORECASE), "the host is called pgbouncer"),
    (re.compile(r"@[^/?]*\bpooler\.supabase\.com", re.IGNORECASE), "Supabase's pooler"),
    (re.compile(r"@[^/?.]*-pooler\.", re.IGNORECASE), "Neon's pooler"),
    (re.compile(r"@[^/?]*:6432\b"), "port 6432 is PgBouncer's"),
    (re.compile(r"@[^/?]*:6543\b"), "port 6543 is a pooler's"),
)


@dataclass(frozen=True)
class UrlEdit:
    """A URL (or the beginning of one) for the async engine.

    ``dropped`` are options of the query that were left out, ``refused`` those that the driver
    does not take and that can't be left out: with any, ``text`` does not connect. ``invalid``
    tells that SQLAlchemy refuses the original, so that it can't be what reaches the engine.
    """

    text: str
    driver: Driver | None
    dropped: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    invalid: bool = False


def database_of(url: str) -> Database | None:
    """The database that a URL, its beginning or its drivername is of."""
    found = _SCHEME.match(url) or _DRIVERNAME.match(url)
    return database_named(found["backend"]) if found else None


def scheme_of(url: str) -> str:
    """The scheme of a URL (or of its beginning), of whatever it is; "" for other text."""
    found = _SCHEME.match(url)
    return found.group() if found else ""


def is_async(drivername: str) -> bool:
    """Whether ``create_async_engine`` takes a URL of this drivername (or URL) as it is."""
    found = _SCHEME.match(drivername) or _DRIVERNAME.match(drivername)
    if not found or not found["driver"]:
        return False
    database = database_named(found["backend"])
    name = found["driver"].removesuffix("_async")
    return database is not None and name in database.drivers


def async_drivername(drivername: str, drivers: Mapping[str, Driver]) -> str | None:
    """The drivername for the async engine, as in ``URL.create(drivername=...)``.

    Unchanged where it is async already; None where the database has no driver in ``drivers`` or
    the name is none that is known.
    """
    found = _DRIVERNAME.match(drivername)
    return _drivername(found, drivers) if found else None


def _drivername(found: re.Match[str], drivers: Mapping[str, Driver]) -> str | None:
    backend, name = found["backend"], found["driver"]
    if is_async(found.group()):
        return found.group()
    database = database_named(backend)
    if database is None or database.name not in drivers:
        return None
    if name and name.lower() not in database.sync_drivers:
        return None
    if backend in database.invalid:
        backend = database.schemes[0]
    return f"{backend}+{drivers[database.name].drivername.rpartition('+')[2]}"


def async_url(literal: str, drivers: Mapping[str, Driver]) -> str | None:
    """The URL for the async engine, or None where the text can't become one.

    ``literal`` may be the beginning of an f-string ("postgresql://"). A URL that is async
    already comes back as it is. None is also the answer to ``postgres://``, which SQLAlchemy
    refuses, and to options that the driver refuses: ``convert`` tells more.
    """
    edit = convert(literal, drivers)
    return None if edit is None or edit.invalid or edit.refused else edit.text


def convert(literal: str, drivers: Mapping[str, Driver]) -> UrlEdit | None:
    """Like ``async_url``, with what is lost on the way; None for text that is no database URL."""
    found = _SCHEME.match(literal)
    if not found:
        return None
    drivername = _drivername(found, drivers)
    if drivername is None:
        return None
    if drivername == found.group():
        return UrlEdit(literal, DRIVERS.get((found["driver"] or "").removesuffix("_async")))
    database = database_named(found["backend"])
    driver = DRIVERS[drivername.rpartition("+")[2]]
    before, mark, query = literal[found.end() :].partition("?")
    edit = convert_query(mark + query, driver)
    return UrlEdit(
        drivername + before + edit.text,
        driver,
        edit.dropped,
        edit.refused,
        database is not None and found["backend"] in database.invalid,
    )


def convert_query(fragment: str, driver: Driver) -> UrlEdit:
    """The query of a URL, from its ``?`` or ``&`` on, with the options that ``driver`` takes.

    The fragment may end after a ``=``, where an f-string puts in the value.
    """
    mark = fragment[:1] if fragment[:1] in {"?", "&"} else ""
    if not mark or driver.accepted is None:
        return UrlEdit(fragment, driver)
    kept: list[str] = []
    dropped: list[str] = []
    refused: list[str] = []
    options = fragment[1:].split("&")
    for position, option in enumerate(options):
        name, equals, value = option.partition("=")
        cut = position == len(options) - 1 and not value
        if name in driver.renamed:
            kept.append(driver.renamed[name] + equals + value)
        elif name in driver.accepted or name in driver.accepted_query or not name:
            kept.append(option)
        elif name in driver.dropped and not cut:
            dropped.append(name)
        else:
            refused.append(name)
            kept.append(option)
    text = mark + "&".join(kept) if any(kept) else ""
    return UrlEdit(text if dropped or text else fragment, driver, tuple(dropped), tuple(refused))


def in_memory(url: str) -> bool:
    """Whether this is the URL of an SQLite database that lives in the memory of a process."""
    found = _SCHEME.match(url)
    if not found or found["backend"] != "sqlite":
        return False
    path, _, query = url[found.end() + len("://") :].partition("?")
    return path in {"", "/", "/:memory:", "/file::memory:"} or "mode=memory" in query.split("&")


def pooler(url: str) -> str | None:
    """What tells that a transaction pooler stands in front of the database, or None."""
    for pattern, reason in _POOLERS:
        if pattern.search(url):
            return reason
    return None


def schemes() -> frozenset[str]:
    """All backend names that begin a database URL, for a cheap look at a text."""
    return frozenset(
        name for database in DATABASES for name in (*database.schemes, *database.invalid)
    )
