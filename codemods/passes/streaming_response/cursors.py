"""Whether the database has a cursor for rows that are sent: PostgreSQL needs a transaction for one.

An engine with the isolation level AUTOCOMMIT has none: there PostgreSQL refuses the cursor by which
a query is read row by row, with every driver.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.streaming_response.environment import Environment
from codemods.passes.streaming_response.reads import LeftError

_DATABASE = "postgresql"
_LEVEL = "AUTOCOMMIT"
_SPELLINGS = (_LEVEL, _LEVEL.lower(), _LEVEL.capitalize())
_SCHEMES = (_DATABASE, "postgres")
_ENGINES = (known.ENGINE, known.ASYNC_ENGINE)


class Cursors:
    """What takes the cursors away that rows would be read by."""

    def __init__(self, program: Program, environment: Environment) -> None:
        self.program = program
        self.environment = environment

    def check(self, function: Function) -> None:
        """Raise ``LeftError`` where the rows of a path operation can't be read by a cursor."""
        if self._level and self._can_be_postgresql(function.module.path):
            raise LeftError(
                f"{self._level} asks for the isolation level {_LEVEL}, and PostgreSQL reads row "
                "by row only within a transaction"
            )

    def _can_be_postgresql(self, path: str) -> bool:
        return self.environment.runs_on(_DATABASE, path) or any(
            text.startswith(_SCHEMES)
            for module in self.program.modules.mentioning(_SCHEMES)
            if not self.program.web.in_tests(module)
            for _, text in _texts(module)
        )

    @cached_property
    def _level(self) -> str:
        """Where the application asks for the level for all of an engine or a session, or ""."""
        for module in self.program.modules.mentioning(_SPELLINGS):
            if self.program.web.in_tests(module):
                continue
            for node, text in _texts(module):
                if text.upper() == _LEVEL and not self._stays(node, module):
                    return f"{module.path}:{node.lineno}"
        return ""

    def _stays(self, node: ast.AST, module: Module) -> bool:
        """Whether only one function has what a level is asked for: a connection, its own engine."""
        function = module.function_of(node)
        if function is None:
            return False
        call = next((p for p in module.ancestors(node) if isinstance(p, ast.Call)), None)
        if call is None:
            return False
        match call.func:
            case ast.Attribute(value=owner, attr="execution_options"):
                if not self.program.is_a(owner, module, *_ENGINES):
                    return True  # a connection
        name = self._only_name(call, module)
        return (
            bool(name)
            and name not in function.outer_names
            and not any(
                isinstance(inner, ast.Name) and inner.id == name
                for given in (*function.returns, *function.yields)
                for inner in ast.walk(given)
            )
        )

    @staticmethod
    def _only_name(call: ast.Call, module: Module) -> str:
        """The variable that a call is assigned to, and nothing else."""
        match module.parent(call):
            case ast.Assign(targets=[ast.Name(id=name)]):
                return name
            case ast.NamedExpr(target=ast.Name(id=name)):
                return name
        return ""


def _texts(module: Module) -> Iterator[tuple[ast.Constant, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


__all__ = ["Cursors"]
