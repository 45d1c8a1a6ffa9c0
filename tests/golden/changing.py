"""A database that changes what it stores, so that only who reads again knows what it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from .databases import Tables

_TEXT = ("VARCHAR", "TEXT", "CHAR")
_NUMBER = ("INTEGER", "BIGINT", "SMALLINT", "FLOAT", "NUMERIC")
#: A text gets a mark at its end unless it has one, and a number grows with each change.
_CHANGES = {
    _TEXT: ("new.{0} not like '%~'", "new.{0} || '~'"),
    _NUMBER: ("true", "new.{0} + 1000"),
}


def columns(database: str, tables: Tables) -> tuple[str, ...]:
    """The columns of text and numbers that are no key and not unique, as ``table.column``."""
    found: list[str] = []
    connection = sqlite3.connect(database)
    for table in tables:
        keyed = _keyed(connection, table)
        for _, name, declared, _, _, key in connection.execute(f"pragma table_info('{table}')"):
            if _change(declared) and not key and name not in keyed:
                found.append(f"{table}.{name}")
    connection.close()
    return tuple(found)


def _change(declared: str) -> tuple[str, str] | None:
    """When a column of a type is changed, and to what."""
    return next((how for types, how in _CHANGES.items() if declared.startswith(types)), None)


def _keyed(connection: sqlite3.Connection, table: str) -> set[str]:
    """The columns of foreign keys and of unique indexes."""
    keyed = {row[3] for row in connection.execute(f"pragma foreign_key_list('{table}')")}
    for _, index, unique, *_ in list(connection.execute(f"pragma index_list('{table}')")):
        if unique:
            keyed |= {row[2] for row in connection.execute(f"pragma index_info('{index}')")}
    return keyed


def install(database: str, names: Collection[str]) -> None:
    """Triggers that change what is written into the columns."""
    if not names:
        return
    connection = sqlite3.connect(database)
    for name in names:
        table, _, column = name.partition(".")
        types = {row[1]: row[2] for row in connection.execute(f"pragma table_info('{table}')")}
        change = _change(types[column])
        assert change is not None, name
        when, value = (text.format(f'"{column}"') for text in change)
        for event, of in (("insert", ""), ("update", f'of "{column}"')):
            connection.execute(
                f"""create trigger "{event} {name}" after {event} {of} on "{table}" when {when}
                begin
                    update "{table}" set "{column}" = {value} where rowid = new.rowid;
                end"""
            )
    connection.commit()
    connection.close()
