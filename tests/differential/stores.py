"""The databases of the bench: the same rows for every run, and both engines on each."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from golden.databases import PostgresServer
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

#: The async driver of each kind of run; the sync form runs on what was there before.
KINDS = ("sqlite", "psycopg", "asyncpg")

Tables = dict[str, list[tuple[Any, ...]]]


@dataclass(eq=False)
class Store:
    """One database with the rows of one set of models."""

    kind: str
    models: types.ModuleType
    sync: sa.engine.Engine
    asynchronous: AsyncEngine
    filled: Tables = field(default_factory=dict)
    _dirty: bool = False

    def __post_init__(self) -> None:
        self.metadata.create_all(self.sync)
        with Session(self.sync) as session:
            self.models.fill(session)
            session.commit()
        self.filled = self.rows()
        self._reset_sequences()

    @property
    def metadata(self) -> sa.MetaData:
        metadata: sa.MetaData = self.models.Base.metadata
        return metadata

    def rows(self) -> Tables:
        """What the tables hold."""
        with self.sync.connect() as connection:
            return {
                table.name: [
                    tuple(row)
                    for row in connection.execute(
                        sa.select(table).order_by(*table.primary_key.columns)
                    )
                ]
                for table in self.metadata.sorted_tables
            }

    def restore(self) -> None:
        """Give the tables their rows again, if anything was written since."""
        if not self._dirty:
            return
        tables = self.metadata.sorted_tables
        with self.sync.begin() as connection:
            for table in reversed(tables):
                connection.execute(table.delete())
            for table in tables:
                names = [column.name for column in table.columns]
                rows = [dict(zip(names, row, strict=True)) for row in self.filled[table.name]]
                if rows:
                    connection.execute(table.insert(), rows)
        self._reset_sequences()
        self._dirty = False

    def _reset_sequences(self) -> None:
        """Have PostgreSQL count on behind the last row, as SQLite does."""
        if self.kind == "sqlite":
            return
        with self.sync.begin() as connection:
            for table in self.metadata.sorted_tables:
                if table.autoincrement_column is not None:
                    name = table.autoincrement_column.name
                    connection.execute(
                        sa.text(
                            f"select setval(pg_get_serial_sequence('{table.name}', '{name}'),"
                            f" (select coalesce(max({name}), 0) + 1 from {table.name}), false)"
                        )
                    )

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The statements that are run."""
        statements: list[str] = []

        def note(*arguments: Any) -> None:
            statements.append(arguments[2])
            if not arguments[2].lstrip().lower().startswith("select"):
                self._dirty = True

        engines = (self.sync, self.asynchronous.sync_engine)
        for engine in engines:
            sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            for engine in engines:
                sa.event.remove(engine, "before_cursor_execute", note)


class Stores:
    """The databases of a run of the suite, and the event loop on which the async engines live."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self.folder = folder
        self.server = server
        self.loop = asyncio.Runner()
        self._made: dict[tuple[str, types.ModuleType], Store] = {}
        self._numbers = count()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds for which there is a server."""
        return KINDS if self.server is not None else ("sqlite",)

    def store(self, kind: str, models: types.ModuleType) -> Store:
        """The database of a kind with the tables of some models."""
        if (kind, models) not in self._made:
            sync, asynchronous = self._urls(kind)
            # A session that was not given back would keep its locks.
            options: dict[str, Any] = {"poolclass": sa.pool.NullPool}
            self._made[kind, models] = Store(
                kind,
                models,
                sa.create_engine(sync),
                create_async_engine(asynchronous, **(options if kind == "sqlite" else {})),
            )
        return self._made[kind, models]

    def url(self) -> str:
        """The URL of a fresh database of the server, as an application is given it."""
        assert self.server is not None
        return f"postgresql+psycopg2{self.server.database().fields['database_url']}"

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Forget the databases that are made meanwhile."""
        kept = dict(self._made)
        try:
            yield
        finally:
            made = [store for key, store in self._made.items() if key not in kept]
            self._made = kept
            self._dispose(made)

    def _dispose(self, stores: list[Store]) -> None:
        async def dispose() -> None:
            for store in stores:
                await store.asynchronous.dispose()

        self.loop.run(dispose())
        for store in stores:
            store.sync.dispose()

    def _urls(self, kind: str) -> tuple[str, str]:
        if kind == "sqlite":
            path = self.folder / f"bench{next(self._numbers)}.sqlite"
            return f"sqlite:///{path}", f"sqlite+aiosqlite:///{path}"
        assert self.server is not None
        url = self.server.database().fields["database_url"]
        return f"postgresql+psycopg2{url}", f"postgresql+{kind}{url}"

    def close(self) -> None:
        """Give all connections back."""
        self._dispose(list(self._made.values()))
        self.loop.close()
