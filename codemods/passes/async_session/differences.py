"""What the change of driver alone would change, where it stands in the code.

psycopg2 pastes values into the SQL text, where PostgreSQL guesses their types; the async drivers
send them apart, with the type of their Python value. A string compared with an integer column is
then refused, so it is turned into a number by the database, as it was before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import Instance
from codemods.passes.async_session.analysis import Analysis
from codemods.plan.draft import Draft

_INTEGERS = frozenset(("Integer", "BigInteger", "SmallInteger", "int"))


def edit_differences(analysis: Analysis, draft: Draft, databases: frozenset[str]) -> None:
    """Rewrite what PostgreSQL's async drivers refuse."""
    if "postgresql" not in databases:
        return
    program = analysis.program
    for module in program.modules.mentioning(("where", "filter", "filter_by")):
        for name in ("where", "filter"):
            for call in module.syntax.calls.get(name, ()):
                for argument in call.args:
                    for column, value in comparisons(argument):
                        if is_column(program, column, module, _INTEGERS) and _is_text(
                            analysis, value, module
                        ):
                            _cast(draft, value, module)


def comparisons(node: ast.expr) -> Iterator[tuple[ast.Attribute, ast.expr]]:
    """The attributes that an expression compares, with what they are compared with."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Compare) and len(inner.comparators) == 1:
            left, right = inner.left, inner.comparators[0]
            if isinstance(left, ast.Attribute):
                yield left, right
            if isinstance(right, ast.Attribute):
                yield right, left


def is_column(program: Program, node: ast.Attribute, module: Module, types: frozenset[str]) -> bool:
    """Whether an expression is a column of a mapped class, of one of these types."""
    if not program.instances(program.infer(node, module), known.COLUMN):
        return False
    for owner in program.infer(node.value, module):
        cls = getattr(owner, "cls", None)
        if isinstance(cls, Class):
            return declares(program, cls, node.attr, types)
    return False


def declares(program: Program, cls: Class, name: str, types: frozenset[str]) -> bool:
    """Whether a class or a base of it declares a column of one of these types."""
    return any(
        isinstance(base, Class) and _declares(base, name, types) for base in program.mro(cls)
    )


def _declares(cls: Class, name: str, types: frozenset[str]) -> bool:
    for binding in cls.bindings.get(name, ()):
        if isinstance(binding.value, ast.Call):
            for argument in binding.value.args[:2]:
                inner = argument.func if isinstance(argument, ast.Call) else argument
                if ast.unparse(inner).rpartition(".")[2] in types:
                    return True
        if binding.annotation is not None:
            if binding.value is not None and "BigInteger" in ast.unparse(binding.value):
                return "BigInteger" in types
            words = ast.unparse(binding.annotation).replace("[", " ").replace("]", " ")
            if "int" in words.replace("|", " ").split():
                return True
    return False


def _is_text(analysis: Analysis, node: ast.expr, module: Module) -> bool:
    """Whether an expression is a string and nothing else that is known."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    kinds = {
        value.cls for value in analysis.program.infer(node, module) if isinstance(value, Instance)
    }
    return "builtins.str" in kinds and not kinds & {"builtins.int", known.COLUMN}


def _cast(draft: Draft, node: ast.expr, module: Module) -> None:
    for name in ("cast", "literal", "Integer", "String"):
        draft.add_import(module, "sqlalchemy", name)
    draft.edit(module, node, Rewrite("cast(literal({self}, String), Integer)"))
