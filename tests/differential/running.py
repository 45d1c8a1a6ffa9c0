"""Runs a case before and after the migration, and says what came of it."""

from __future__ import annotations

import inspect
import re
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import sqlalchemy as sa
from differential.loading import load, models
from differential.stores import Store, Stores, Tables
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session


@dataclass
class Outcome:
    """What came of a run: its value or exception, the tables after it, the statements."""

    value: Any = None
    error: str = ""
    tables: Tables = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    message: str = field(default="", compare=False)

    def shown(self) -> tuple[Any, str, Tables]:
        """What has to agree."""
        return self.value, self.error, self.tables


class Runner:
    """Runs the cases of one application."""

    def __init__(self, stores: Stores, files: Mapping[str, str], module: str) -> None:
        self.stores = stores
        self.files = files
        self.models = models(files)
        found = load(files, module, "app.database")
        self.module, self.database = found[module], found["app.database"]

    def run(self, kind: str, name: str, *, fields: bool = True) -> Outcome:
        """Run the function ``name`` as its path operation does."""
        store = self.stores.store(kind, self.models)
        store.restore()
        function = getattr(self.module, name)
        route = getattr(self.module, f"route_{name}")
        asynchronous = inspect.iscoroutinefunction(route)
        outcome = Outcome()
        with store.counted() as statements, _forgotten(outcome):
            if asynchronous or self._sync_factory() is None:
                self.stores.loop.run(self._awaited(store, function, route, outcome, fields))
            else:
                self._called(store, function, outcome, fields)
            outcome.statements = list(statements)
        outcome.tables = store.rows()
        return outcome

    def serve(self, kind: str, url: str) -> Outcome:
        """Ask the application for ``url``: status and body."""
        store = self.stores.store(kind, self.models)
        store.restore()
        outcome = Outcome()
        asynchronous = self._sync_factory() is None
        bind = store.asynchronous if asynchronous else store.sync
        self.database.SessionLocal.configure(bind=bind)
        with store.counted() as statements, _forgotten(outcome):
            self.stores.loop.run(self._asked(url, outcome))
            outcome.statements = list(statements)
        outcome.tables = store.rows()
        return outcome

    async def _asked(self, url: str, outcome: Outcome) -> None:
        transport = httpx.ASGITransport(self.module.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            answer = await client.get(url)
        # Without a model the keys stand in the order in which they were loaded.
        is_json = "json" in answer.headers.get("content-type", "")
        outcome.value = (answer.status_code, answer.json() if is_json else answer.text)

    def _called(self, store: Store, function: Any, outcome: Outcome, fields: bool) -> None:
        with self._sync_factory()(bind=store.sync) as session:
            assert isinstance(session, Session)
            try:
                outcome.value = shown(function(session), fields)
                session.commit()
            except Exception as error:  # noqa: BLE001 - whatever it raises is compared
                outcome.error, outcome.message = type(error).__name__, str(error)

    def _sync_factory(self) -> Any:
        """What makes the sync sessions of the application; None where there are none."""
        for name in ("SyncSessionLocal", "SessionLocal"):
            factory = getattr(self.database, name, None)
            if factory is not None and not isinstance(factory(), AsyncSession):
                return factory
        return None

    async def _awaited(
        self, store: Store, function: Any, route: Any, outcome: Outcome, fields: bool
    ) -> None:
        async with self.database.SessionLocal(bind=store.asynchronous) as session:
            assert isinstance(session, AsyncSession)
            try:
                if inspect.iscoroutinefunction(function):
                    value = await function(session)
                elif not inspect.iscoroutinefunction(route):
                    value = function(session)  # it asks the database for nothing
                else:
                    value = await session.run_sync(function)
                outcome.value = shown(value, fields)
                await session.commit()
            except Exception as error:  # noqa: BLE001 - whatever it raises is compared
                outcome.error, outcome.message = type(error).__name__, str(error)


@contextmanager
def _forgotten(outcome: Outcome) -> Iterator[None]:
    """Coroutines that were made and not awaited are an error, if there was no other."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    messages = [str(warning.message) for warning in found]
    outcome.error = outcome.error or "".join(m for m in messages if "never awaited" in m)


def shown(value: Any, fields: bool = True) -> Any:
    """A value in a form in which two runs can be compared."""
    if isinstance(value, (sa.engine.Row, sa.engine.RowMapping)):
        names = tuple(value._fields) if fields and hasattr(value, "_fields") else ()
        return ("Row", names, *(shown(item, fields) for item in tuple(value)))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *(shown(item, fields) for item in value))
    if isinstance(value, (set, frozenset)):
        return ("set", *sorted(map(str, (shown(item, fields) for item in value))))
    if isinstance(value, dict):
        return {str(key): shown(item, fields) for key, item in value.items()}
    if isinstance(value, str):
        return re.sub(r"%\(\w+ ", "%(", value)  # the name of what has no name
    if isinstance(value, types.GeneratorType):
        return shown(list(value), fields)
    if isinstance(value, type) or value is None:
        return value
    state = sa.inspect(value, raiseerr=False)
    if isinstance(state, sa.orm.InstanceState):
        return f"{type(value).__name__}#{state.identity}"
    return value
