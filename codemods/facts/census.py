"""A count of the database calls of a code base, that no pass has a part in.

What a pass changes is measured against all that the source shows: the calls on sessions,
connections and engines, and those of which only the words tell that they may be some. The methods
are those that SQLAlchemy's reference describes as talking to the database (or, of the legacy
``Query``, as running it).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.program import Program
from codemods.facts.values import Instance

_TRANSACTION = frozenset("close commit rollback".split())
_STATEMENTS = frozenset("execute scalar scalars".split())
_SESSION = frozenset(
    """bulk_insert_mappings bulk_save_objects bulk_update_mappings connection delete exec flush get
    get_one invalidate merge prepare refresh remove reset""".split()
)
#: What talks to the database, by the class that has it.
_METHODS: dict[str, frozenset[str]] = {
    known.SESSION: _SESSION | _STATEMENTS | _TRANSACTION,
    known.CONNECTION: _STATEMENTS | _TRANSACTION | {"exec_driver_sql", "invalidate"},
    known.ENGINE: frozenset(("begin", "connect", "dispose", "raw_connection")),
    known.TRANSACTION: _TRANSACTION,
    "sqlalchemy.orm.SessionTransaction": _TRANSACTION,
    known.QUERY: known.QUERY_TERMINALS - {"__iter__"},
}
#: Methods that little else has: on something unknown they tell enough.
_TELLING = _STATEMENTS | {"commit", "flush", "refresh", "rollback"}
#: Methods that much else has: on something unknown its name has to tell.
_COMMON = (_SESSION | {"close", "query"}) - _TELLING
_SESSION_NAME = re.compile(r"(^|_)(db|session|sess|conn|connection)$", re.IGNORECASE)
#: A module without any of these words has nothing to do with a database.
_WORDS = frozenset(("sqlalchemy", "sqlmodel", "session", "Session", "db"))
_DDL = ("create_all", "drop_all", "reflect")


@dataclass(frozen=True)
class DatabaseCall:
    """A call that talks to the database; ``resolved`` says whether that is known for sure."""

    path: str
    line: int
    symbol: str
    node: ast.Call
    resolved: bool


def database_calls(program: Program) -> list[DatabaseCall]:
    """All of them, but for those of migrations, which stay sync, and those awaited already."""
    return [
        found
        for module in program.modules
        if not is_migration(module)
        for found in _Counter(program, module).found()
    ]


class _Counter:
    def __init__(self, program: Program, module: Module) -> None:
        self.program = program
        self.module = module
        self.has_words = not _WORDS.isdisjoint(module.identifiers)

    def found(self) -> Iterator[DatabaseCall]:
        for calls in self.module.syntax.calls.values():
            for call in calls:
                resolved = self._talks(call)
                if resolved is not None and not isinstance(self.module.parent(call), ast.Await):
                    function = self.module.function_around(call)
                    symbol = function.qualname if function is not None else ""
                    yield DatabaseCall(self.module.path, call.lineno, symbol, call, resolved)

    def _talks(self, call: ast.Call) -> bool | None:
        """Whether a call talks to the database for sure; None if it does not."""
        if not isinstance(call.func, ast.Attribute):
            return None
        name = call.func.attr
        values = self.program.infer(call.func.value, self.module)
        for value in values:
            if isinstance(value, Instance):
                for owner, methods in _METHODS.items():
                    if name in methods and self.program.is_subclass(value.cls, owner):
                        return True
        if name in _DDL and self._is_given_engine(call):
            return True
        if values or not self.has_words or self.program.calls.named(name):
            return None
        if name in _TELLING:
            return False
        return False if name in _COMMON and self._has_its_name(call.func.value) else None

    def _is_given_engine(self, call: ast.Call) -> bool:
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "bind")]
        return any(
            self.program.is_a(node, self.module, owner)
            for node in given
            for owner in (known.ENGINE, known.CONNECTION)
        )

    @staticmethod
    def _has_its_name(node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return _SESSION_NAME.search(name) is not None
        return False
