"""The URL of the database, for SQLAlchemy's async engine."""

from typing import Any

from sqlalchemy.engine import URL, make_url

_ASYNC_DRIVERS = {
    "postgresql": "psycopg",
    "sqlite": "aiosqlite",
}

_KEPT_DRIVERS = {"aiosqlite", "asyncpg", "psycopg", "psycopg_async"}


def async_database_url(url: Any) -> URL:
    """Return ``url`` with the async driver of its database.

    ``url`` is a string, a SQLAlchemy ``URL`` or a DSN of Pydantic's. One that
    names an async driver already, or a database not listed above, keeps its
    driver. The password stays in the result, hidden when that is printed.
    """
    if hasattr(url, "get_secret_value"):
        url = url.get_secret_value()
    if not isinstance(url, URL):
        text = str(url)
        if text.startswith("postgres://"):
            text = "postgresql" + text[len("postgres") :]
        url = make_url(text)
    backend, _, driver = url.drivername.partition("+")
    if backend in _ASYNC_DRIVERS and driver not in _KEPT_DRIVERS:
        driver = _ASYNC_DRIVERS[backend]
        url = url.set(drivername=f"{backend}+{driver}")
    return url
