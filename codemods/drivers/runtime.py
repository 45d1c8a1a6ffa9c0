"""The function that a migrated application calls when its URL is known at run time only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codemods.drivers.table import DATABASES, DRIVERS, Driver

#: The name of the function in the migrated application.
HELPER_NAME = "async_database_url"

_BODY = '''\
def {name}(url: Any) -> URL:
    """Return ``url`` with the async driver of its database.

    ``url`` is a string, a SQLAlchemy ``URL`` or a DSN of Pydantic's. One that
    names an async driver already, or a database not listed above, keeps its
    driver. The password stays in the result, hidden when that is printed.
    """
    if hasattr(url, "get_secret_value"):
        url = url.get_secret_value()
    if not isinstance(url, URL):
        text = str(url)
{heroku}        url = make_url(text)
    backend, _, driver = url.drivername.partition("+")
    if backend in _ASYNC_DRIVERS and driver not in _KEPT_DRIVERS:
        driver = _ASYNC_DRIVERS[backend]
        url = url.set(drivername=f"{{backend}}+{{driver}}")
{options}    return url
'''

_HEROKU = """\
        if text.startswith("postgres://"):
            text = "postgresql" + text[len("postgres") :]
"""

_DROP = """\
    dropped = _DROPPED_OPTIONS.get(driver, ())
    if any(key in dropped for key in url.query):
        kept = [item for item in url.query.items() if item[0] not in dropped]
        url = url.set(query=dict(kept))
"""

_RENAME = """\
    for old, new in _RENAMED_OPTIONS.get(driver, {}).items():
        if old in url.query:
            options = dict(url.query)
            options[new] = options.pop(old)
            url = url.set(query=options)
"""


def runtime_helper(drivers: Mapping[str, Driver], name: str = HELPER_NAME) -> str:
    """The source of a module that holds the function ``name`` and nothing else of note.

    ``drivers`` gives the driver for each database that the application may meet, by the name of
    the database. The text runs on Python 3.7 and SQLAlchemy 1.4 or newer.
    """
    known = [database for database in DATABASES if database.name in drivers]
    chosen = {
        scheme: drivers[database.name].drivername.rpartition("+")[2]
        for database in known
        for scheme in database.schemes
    }
    kept = {name for database in known for name in database.drivers}
    kept |= {f"{name}_async" for name in kept if DRIVERS[name].sync}
    picky = [drivers[database.name] for database in known]
    renamed = {driver.name: driver.renamed for driver in picky if driver.renamed}
    dropped = {driver.name: sorted(driver.dropped) for driver in picky if driver.dropped}
    parts = [
        '"""The URL of the database, for SQLAlchemy\'s async engine."""\n',
        "from typing import Any\n",
        "from sqlalchemy.engine import URL, make_url\n",
        _mapping("_ASYNC_DRIVERS", ((key, _quoted(value)) for key, value in chosen.items())),
        _collection("_KEPT_DRIVERS", sorted(kept)),
    ]
    options = ""
    if renamed or dropped:
        parts[-1] += (
            "\n# Options of a URL that the async driver calls otherwise or does not know.\n"
        )
    if renamed:
        entries = ((key, _inline(value)) for key, value in renamed.items())
        parts[-1] += _mapping("_RENAMED_OPTIONS", entries)
        options += _RENAME
    if dropped:
        entries = ((key, _block(value)) for key, value in dropped.items())
        parts[-1] += _mapping("_DROPPED_OPTIONS", entries)
        options += _DROP
    body = _BODY.format(
        name=name, heroku=_HEROKU if "postgresql" in chosen else "", options=options
    )
    return "\n".join(parts) + "\n\n" + body


def _quoted(text: str) -> str:
    return f'"{text}"'


def _inline(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": "{value}"' for key, value in values.items()) + "}"


def _block(names: Iterable[str]) -> str:
    lines = "".join(f'        "{name}",\n' for name in names)
    return "{\n" + lines + "    }"


def _mapping(name: str, items: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f'    "{key}": {value},\n' for key, value in items)
    return f"{name} = {{\n{lines}}}\n"


def _collection(name: str, names: Iterable[str]) -> str:
    return f"{name} = {{{', '.join(_quoted(item) for item in names)}}}\n"
