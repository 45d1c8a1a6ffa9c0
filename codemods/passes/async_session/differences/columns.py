"""Columns of mapped classes: their types, and what is compared with them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import Instance

INTEGERS = frozenset(("Integer", "BigInteger", "SmallInteger", "int"))


def comparisons(node: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What an expression compares: each side with the other, where it may be a column."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Compare) and len(inner.comparators) == 1:
            left, right = inner.left, inner.comparators[0]
            if isinstance(left, ast.Attribute | ast.Call):
                yield left, right
            if isinstance(right, ast.Attribute | ast.Call):
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
            if types.intersection(words.replace("|", " ").split()):
                return True
    return False


def is_text(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether an expression is a string and nothing else that is known."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    kinds = {value.cls for value in program.infer(node, module) if isinstance(value, Instance)}
    return "builtins.str" in kinds and not kinds & {"builtins.int", known.COLUMN}
