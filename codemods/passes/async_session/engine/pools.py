"""Two engines where there was one: together they open no more connections than it did.

A script has a process of its own and uses one of the two. Where the process of the service uses
both, the limit of connections is shared out, two thirds for the async engine.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.drivers import database_of, in_memory
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.engine.holders import Holder, Holders
from codemods.passes.async_session.engine.processes import Service
from codemods.passes.async_session.sessions.urls import url_of

#: What SQLAlchemy's pools allow where nothing is said.
_SIZE, _OVERFLOW = 5, 10


@dataclass(frozen=True)
class Limits:
    """How many connections a pool keeps, and how many it opens beyond these."""

    size: int
    overflow: int

    @property
    def all(self) -> int:
        """The most connections at once."""
        return self.size + self.overflow

    def keywords(self) -> dict[str, int]:
        """The arguments of ``create_engine``."""
        return {"pool_size": self.size, "max_overflow": self.overflow}


def share_out(limits: Limits) -> tuple[Limits, Limits] | None:
    """The limits of the async and of the sync engine; None where one connection is for both."""
    if limits.all < 2:
        return None
    sync = max(1, limits.all // 3)
    sync_size = min(sync, max(1, limits.size // 3))
    rest = limits.all - sync
    size = min(rest, max(1, limits.size - sync_size))
    return Limits(size, rest - size), Limits(sync_size, sync - sync_size)


def limits_of(call: ast.Call) -> Limits | None:
    """The limits of an engine, where they are written out; None where they are not."""
    given = {k.arg: k.value for k in call.keywords if k.arg}
    numbers = []
    for name, default in (("pool_size", _SIZE), ("max_overflow", _OVERFLOW)):
        value = given.get(name)
        if value is None:
            numbers.append(default)
        elif isinstance(value, ast.Constant) and type(value.value) is int:
            numbers.append(value.value)
        else:
            return None
    size, overflow = numbers
    return Limits(size, overflow) if size > 0 and overflow >= 0 else None


class Pools:
    """The engines of a program that are kept in both colours, and how they share connections."""

    def __init__(self, analysis: Analysis, holders: Holders) -> None:
        self.analysis = analysis
        self.holders = holders
        self.service = Service(analysis.program)
        self.unbounded: list[tuple[ast.Call, Module]] = []

    def shares(self, holder: Holder) -> tuple[Limits, Limits] | None:
        """The limits of both engines; None where each may go on with those of the one."""
        if (
            holder.kind != "engine"
            or holder.maker is not None
            or len(holder.calls) != 1
            or not self.in_service(holder)
        ):
            return None
        (call,) = holder.calls
        keywords = {k.arg for k in call.keywords}
        if "poolclass" in keywords:
            return None
        limits = limits_of(call)
        shared = share_out(limits) if limits is not None else None
        if shared is None or not (self._is_server(call, holder.module) or "pool_size" in keywords):
            self.unbounded.append((call, holder.module))
            return None
        return shared

    def in_service(self, holder: Holder) -> bool:
        """Whether the process of the service uses the sync form of a holder as well."""
        return self.service.uses(self._users(holder))

    def _is_server(self, call: ast.Call, module: Module) -> bool:
        """Whether an engine certainly has a pool with limits: not so SQLite in memory, or old."""
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "url")]
        url = url_of(self.analysis.program, given[0], module) if given else None
        if url is None:
            return self._knows_servers_only(module)
        database = database_of(url)
        if database is None or in_memory(url):
            return False
        if database.name == "sqlite":
            return self.analysis.program.versions.at_least("sqlalchemy", "2.0", module.path)
        return True

    def _knows_servers_only(self, module: Module) -> bool:
        """Whether a URL that comes from outside is that of a server: nothing names SQLite, and
        the driver of another database is required."""
        program = self.analysis.program
        return bool(program.versions.databases(module.path) - {"sqlite"}) and not any(
            "sqlite" in file.text.lower() for file in program.codebase
        )

    def _users(self, holder: Holder) -> Iterator[Reference]:
        """The places that use the sync form of a holder, or of what is made with it."""
        yield from holder.sync
        for other in self.holders.all:
            if holder in other.makes:
                yield from self._users(other)
        # A provider that is kept twice opens its sync sessions with the sync factory.
        for references in self.analysis.twins.values():
            yield from references


def with_limits(source: str, limits: Limits) -> str:
    """The source of a call with the limits among its arguments."""
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    lines = source.encode().split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    data = source.encode()
    missing = dict(limits.keywords())
    for keyword in sorted(
        call.keywords, key=lambda k: -k.value.lineno * 10_000 - k.value.col_offset
    ):
        if keyword.arg in missing:
            value = keyword.value
            first = starts[value.lineno - 1] + value.col_offset
            last = starts[(value.end_lineno or 1) - 1] + (value.end_col_offset or 0)
            data = data[:first] + str(missing.pop(keyword.arg)).encode() + data[last:]
    text = data.decode()
    if not missing:
        return text
    more = ", ".join(f"{name}={value}" for name, value in missing.items())
    body = text[: text.rindex(")")].rstrip()
    if "\n" not in text:
        return f"{body.rstrip(',')}{'' if body.endswith('(') else ', '}{more})"
    comma = "" if body.endswith((",", "(")) else ","
    return f"{body}{comma}\n    {more},\n)"
