"""A database that changes what it stores, so that only who reads again knows what it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from .databases import Tables

_TEXT = ("VARCHAR", "TEXT", "CHAR")
_NUMBER = ("INTEGER", "BIGINT", "SMALLINT", "FLOAT", "NUMERIC")
#: A text gets a mark at its end, and a number grows, with each change of its row.
_CHANGES = {_TEXT: "{0} || '~'", _NUMBER: "{0} + 1000"}


def columns(database: str, tables: Tables) -> tuple[str, ...]:
    """The columns of text and numbers that are no key, as ``table.column``."""
    found: list[str] = []
    connection = sqlite3.connect(database)
    for table in tables:
        foreign = {row[3] for row in connection.execute(f"pragma foreign_key_list('{table}')")}
        for _, name, declared, _, _, key in connection.execute(f"pragma table_info('{table}')"):
            if _change(declared) and not key and name not in foreign:
                found.append(f"{table}.{name}")
    connection.close()
    return tuple(found)


def _change(declared: str) -> str | None:
    """What a column of a type is changed to."""
    return next((how for types, how in _CHANGES.items() if declared.startswith(types)), None)


def _unique(connection: sqlite3.Connection, table: str) -> set[str]:
    """The columns of unique indexes."""
    found: set[str] = set()
    for _, index, unique, *_ in list(connection.execute(f"pragma index_list('{table}')")):
        if unique:
            found |= {row[2] for row in connection.execute(f"pragma index_info('{index}')")}
    return found


def install(database: str, names: Collection[str]) -> None:
    """Triggers that change columns of the rows that are written.

    What is unique is often what a row is looked up by: it is changed when its row is updated only.
    """
    if not names:
        return  # and it may be no SQLite
    connection = sqlite3.connect(database)
    by_table: dict[str, list[str]] = {}
    for name in names:
        table, _, column = name.partition(".")
        by_table.setdefault(table, []).append(column)
    for table, changed in by_table.items():
        types = {row[1]: row[2] for row in connection.execute(f"pragma table_info('{table}')")}
        unique = _unique(connection, table)
        rest = [column for column in changed if column not in unique]
        for event, some in (("insert", rest), ("update", changed)):
            if not some:
                continue
            # One for all columns: the triggers of a row would set off each other.
            values = ", ".join(f'"{one}" = {_new(one, types[one])}' for one in some)
            both = event == "update" and bool(rest)
            when = f"when not ({_is_from_insert(rest, types)})" if both else ""
            connection.execute(
                f"""create trigger "{event} {table}" after {event} on "{table}" {when}
                begin
                    update "{table}" set {values} where rowid = new.rowid;
                end"""
            )
    connection.commit()
    connection.close()


def _is_from_insert(columns: Collection[str], types: Mapping[str, str]) -> str:
    """Whether an update is the one that the trigger of a new row makes."""
    return " and ".join(
        f'new."{one}" is {_new(one, types[one], of="old.")}' for one in columns
    )


def _new(column: str, declared: str, of: str = "") -> str:
    change = _change(declared)
    assert change is not None, column
    return change.format(f'{of}"{column}"')
