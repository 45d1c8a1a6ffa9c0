"""Which async driver an application gets."""

from __future__ import annotations

from packaging.version import Version

from codemods.drivers.table import DRIVERS, FIRST_ASYNC, Driver, database_named


class UnsupportedDriverError(ValueError):
    """No async driver fits; the message says why, as one sentence."""


def choose(
    database: str, sqlalchemy_version: Version | str | None = None, override: str | None = None
) -> Driver:
    """The async driver for ``database`` ("postgresql", "sqlite", ...).

    ``sqlalchemy_version`` is the one that the application is pinned to, or the smallest that it
    allows; None stands for the newest. ``override`` is the driver that the user asked for.
    Raises ``UnsupportedDriverError`` when there is none.
    """
    version = (
        Version(sqlalchemy_version) if isinstance(sqlalchemy_version, str) else (sqlalchemy_version)
    )
    known = database_named(database)
    if known is None:
        raise UnsupportedDriverError(f"no async driver is known for the database {database!r}")
    if version is not None and version < FIRST_ASYNC:
        raise UnsupportedDriverError(
            f"SQLAlchemy {version} has no asyncio extension; it came with {FIRST_ASYNC}"
        )
    if override:
        name = override.rpartition("+")[2]
        if name not in known.drivers:
            names = ", ".join(known.drivers)
            raise UnsupportedDriverError(
                f"{override!r} is no async driver for {known.name}; there are: {names}"
            )
        driver = DRIVERS[name]
        if version is not None and version < driver.since:
            raise UnsupportedDriverError(
                f"{driver.name} needs SQLAlchemy {driver.since} or newer, not {version}"
            )
        return driver
    for name in known.drivers:
        if version is None or version >= DRIVERS[name].since:
            return DRIVERS[name]
    first = min(DRIVERS[name].since for name in known.drivers)
    raise UnsupportedDriverError(
        f"the async driver for {known.name} needs SQLAlchemy {first} or newer, not {version}"
    )
