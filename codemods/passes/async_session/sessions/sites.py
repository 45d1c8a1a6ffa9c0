"""Every place that talks to the database: calls, context managers, and what can't be converted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External, Instance
from codemods.passes.async_session.sessions import tables
from codemods.passes.async_session.sessions.streams import Streams

#: Kinds of site.
AWAIT, STREAM, ENTER, CREATE, BRIDGE, DDL, INSPECT = (
    "await",
    "stream",
    "enter",
    "create",
    "bridge",
    "ddl",
    "inspect",
)


@dataclass(frozen=True, eq=False)
class Site:
    """One place that talks to the database.

    ``kind`` says what the async form is: an awaited call, one whose rows are awaited one by one, an
    ``async with``, DDL or an inspection
    through ``run_sync``, or a call that exists on the sync side only (``bridge``); ``create``
    makes a session or engine. ``owner`` is the class of the receiver.
    """

    kind: str
    node: ast.Call
    module: Module
    function: Function | None
    owner: str
    method: str

    @property
    def line(self) -> int:
        """The line of the place."""
        return self.node.lineno

    @property
    def given(self) -> tuple[ast.expr, ...]:
        """The engine, connection or session that a call works with, where it is written."""
        if self.kind not in (CREATE, DDL):
            return (self.node.func.value,) if isinstance(self.node.func, ast.Attribute) else ()
        bind = (k.value for k in self.node.keywords if k.arg == "bind")
        return (*self.node.args[:1], *bind)


def database_class(program: Program, instance: Instance) -> str:
    """The table's name of the database class that an object belongs to, or ""."""
    for name in tables.DATABASE_CLASSES:
        if program.is_subclass(instance.cls, name):
            return name
    return ""


def receiver_class(program: Program, node: ast.expr, module: Module) -> str:
    """The database class of an expression, or ""."""
    for value in program.infer(node, module):
        if isinstance(value, Instance) and (name := database_class(program, value)):
            return name
    return ""


#: What an ``Inspector`` asks the database.
INSPECTIONS = frozenset(
    """get_table_names get_view_names get_columns get_indexes get_foreign_keys get_pk_constraint
    get_unique_constraints get_check_constraints get_table_comment get_schema_names
    get_table_options get_sequence_names has_table has_schema has_index""".split()
)
_MAKERS = (known.SESSIONMAKER, known.SCOPED_SESSION)
_DDL = ("create_all", "drop_all", "reflect")


class Sites:
    """The sites of a program, found by method name and confirmed by inference."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._streams = Streams(program)
        self.all = list(self._find())

    def _find(self) -> Iterator[Site]:
        for module in self.program.modules:
            for name, calls in module.syntax.calls.items():
                if name in _DDL:
                    yield from self._ddl(name, calls, module)
                for call in calls:
                    site = self._site(name, call, module)
                    if site is not None:
                        yield site

    def _site(self, name: str, call: ast.Call, module: Module) -> Site | None:
        if isinstance(call.func, ast.Attribute):
            owner = receiver_class(self.program, call.func.value, module)
            if owner:
                kind = self._kind(owner, name)
                if kind == AWAIT and self._streams.has(call, module):
                    kind = STREAM
                return self._made(kind, call, module, owner, name) if kind else None
            if name in INSPECTIONS and self.program.is_a(call.func.value, module, known.INSPECTOR):
                return self._made(INSPECT, call, module, known.INSPECTOR, name)
        if self._creates(call, module):
            made = receiver_class(self.program, call, module)
            return self._made(CREATE, call, module, made, "") if made else None
        return None

    def _made(self, kind: str, call: ast.Call, module: Module, owner: str, method: str) -> Site:
        # To open a session in a lambda waits for nothing; all else keeps its function sync.
        around = module.function_of if kind == CREATE else module.function_around
        return Site(kind, call, module, around(call), owner, method)

    @staticmethod
    def _kind(owner: str, name: str) -> str:
        if name in tables.AWAITED.get(owner, ()):
            return AWAIT
        if name in tables.ENTERED.get(owner, ()):
            return ENTER
        if name in tables.PLAIN.get(owner, ()) or owner == known.SESSIONMAKER:
            return ""
        return BRIDGE

    def _creates(self, call: ast.Call, module: Module) -> bool:
        """Whether a call makes a session, from its class or from a factory."""
        for value in self.program.infer(call.func, module):
            match value:
                case External(name=name):
                    if self.program.is_subclass(name, known.SESSION):
                        return True
                case Instance(cls=cls):
                    if any(self.program.is_subclass(cls, maker) for maker in _MAKERS):
                        return True
        return False

    def _ddl(self, name: str, calls: list[ast.Call], module: Module) -> Iterator[Site]:
        for call in calls:
            if not isinstance(call.func, ast.Attribute):
                continue
            arguments = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "bind")]
            for argument in arguments:
                owner = receiver_class(self.program, argument, module)
                if owner:
                    yield self._made(DDL, call, module, owner, name)
