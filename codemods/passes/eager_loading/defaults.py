"""Columns whose value the database makes when a row changes: their models fetch it at once.

After the ``UPDATE`` of a flush, a column with ``onupdate=func.now()`` is expired, whether objects
expire on commit or not. With ``eager_defaults`` the ``UPDATE`` itself gives the new value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import External

_KEY = "eager_defaults"
_COLUMN_WORDS = frozenset({"onupdate", "server_onupdate"})


@dataclass(frozen=True)
class EagerDefaults:
    """A class that gets ``eager_defaults``: behind a statement, before one, or in its dict.

    ``known`` is the dict of ``__mapper_args__`` that is there; ``column`` needs it.
    """

    cls: Class
    column: str
    statement: ast.stmt
    behind: bool
    known: ast.Dict | None = None


@dataclass(frozen=True)
class NoDefaults:
    """A class whose ``__mapper_args__`` are made in a way that is not edited."""

    cls: Class
    column: str
    node: ast.AST


def eager_defaults(program: Program) -> Iterator[EagerDefaults | NoDefaults]:
    """The classes with columns that are expired by an ``UPDATE``, and do not say so yet."""
    makers: dict[Class, str] = {}
    for module in program.modules.mentioning(_COLUMN_WORDS):
        for cls in module.classes.values():
            if program.models.is_mapped(cls) or any(
                program.models.is_mapped(other) for other in program.subclasses(cls)
            ):
                for name, bindings in cls.bindings.items():
                    if any(
                        b.value is not None and _is_made(b.value, cls, program) for b in bindings
                    ):
                        makers.setdefault(cls, name)
    for cls, name in makers.items():
        # The arguments of a class replace those of the mixins that it has.
        for one in (cls, *program.subclasses(cls)):
            found = _change(one, name, only_own=one is not cls)
            if found is not None:
                yield found


def _is_made(value: ast.expr, cls: Class, program: Program) -> bool:
    """Whether a column gets an expression of the database when its row changes."""
    for node in ast.walk(value):
        match node:
            case ast.keyword(arg="onupdate", value=given):
                made = given
            case ast.keyword(arg="server_onupdate"):
                return True
            case ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                made = next((v for k, v in pairs if _is_text(k, "onupdate")), ast.Constant(None))
            case _:
                continue
        if isinstance(made, ast.Call) and _is_sql(made, cls.module, program):
            return True
    return False


def _is_sql(call: ast.Call, module: Module, program: Program) -> bool:
    func = call.func
    while isinstance(func, ast.Attribute):
        func = func.value
    return any(
        isinstance(value, External) and value.name.startswith("sqlalchemy")
        for value in program.infer(func, module)
    )


def _is_text(node: ast.expr | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _change(cls: Class, column: str, *, only_own: bool) -> EagerDefaults | NoDefaults | None:
    known = cls.bindings.get("__mapper_args__", [])
    for binding in known:
        if not isinstance(binding.value, ast.Dict):
            return NoDefaults(cls, column, binding.node)
        if any(_is_text(key, _KEY) for key in binding.value.keys):
            return None
        statement = cls.module.statement(binding.value)
        return EagerDefaults(cls, column, statement, behind=False, known=binding.value)
    if only_own:
        return None
    for binding in cls.bindings.get("__tablename__", ()):
        if isinstance(binding.node, ast.AST) and binding.value is not None:
            return EagerDefaults(cls, column, cls.module.statement(binding.value), behind=True)
    for binding in cls.bindings[column]:
        if binding.value is not None:
            return EagerDefaults(cls, column, cls.module.statement(binding.value), behind=False)
    return None
