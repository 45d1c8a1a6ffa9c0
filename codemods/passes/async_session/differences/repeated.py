"""Expressions that a statement repeats: the values in them have to be part of the SQL.

``GROUP BY date_trunc('day', at)`` is what is selected only if both read the same. psycopg2 writes
values into the SQL; the async drivers send them apart, as ``$1`` and ``$2``, and PostgreSQL takes
the two for different expressions. ``literal_execute`` writes them into the SQL again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.values import ClassValue, Instance
from codemods.plan.draft import Draft

_CLAUSES = ("group_by", "distinct", "order_by")

#: Functions of SQLAlchemy that bind what they are given, with the first argument that they bind.
_BINDING = {"case": 0, "cast": 0, "coalesce": 0, "func": 0, "extract": 1, "and_": 0, "or_": 0}

_VALUES = frozenset(f"builtins.{name}" for name in ("str", "int", "float"))


class UnclearError(Exception):
    """It is not known which values an expression binds."""


def edit_repeated(program: Program, draft: Draft) -> Iterator[tuple[ast.expr, Module]]:
    """Write bound values of repeated expressions into the SQL; gives what could not be told."""
    for module in program.modules.mentioning(("group_by", "distinct")):
        if program.versions.below("sqlalchemy", "2.0", module.path):
            continue
        for clause in _CLAUSES:
            for call in module.syntax.calls.get(clause, ()):
                if clause == "order_by" and not _is_grouped(call, module):
                    continue
                for argument in call.args:
                    yield from _argument(program, draft, _bare(argument), module)


def _argument(
    program: Program, draft: Draft, node: ast.expr, module: Module
) -> Iterator[tuple[ast.expr, Module]]:
    if isinstance(node, ast.Name | ast.Attribute | ast.Constant | ast.Starred):
        # The same object has the same parameters.
        return
    twins = _twins(node, module)
    if len(twins) < 2:
        return
    try:
        bound = [list(_bound(program, twin, module)) for twin in twins]
    except UnclearError:
        yield node, module
        return
    for value in (value for values in bound for value in values):
        name = draft.add_import(module, "sqlalchemy", "literal")
        draft.edit(module, value, Rewrite(f"{name}({{self}}, literal_execute=True)"))


def _is_grouped(call: ast.Call, module: Module) -> bool:
    """Whether the function around a call groups its rows, or asks for distinct ones."""
    function = module.function_of(call)
    around = function.definition if function is not None else module.statement(call)
    return any(
        isinstance(node, ast.Attribute) and node.attr in ("group_by", "distinct")
        for node in ast.walk(around)
    )


def _bare(node: ast.expr) -> ast.expr:
    """An expression without its label and its direction."""
    while (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("label", "asc", "desc", "nulls_first", "nulls_last")
    ):
        node = node.func.value
    return node


def _twins(node: ast.expr, module: Module) -> list[ast.expr]:
    """An expression and those in the same function that read the same."""
    function = module.function_of(node)
    around = function.definition if function is not None else module.statement(node)
    text = ast.dump(node)
    return [
        other
        for other in ast.walk(around)
        if isinstance(other, type(node)) and ast.dump(other) == text
    ]


def _bound(program: Program, node: ast.expr, module: Module) -> Iterator[ast.expr]:
    """The values that an SQL expression binds."""
    match node:
        case ast.Constant(value=value):
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                yield node
        case ast.Call(func=func):
            yield from _bound_by_call(program, node, func, module)
        case ast.Compare(left=left, comparators=others):
            for side in (left, *others):
                yield from _bound(program, side, module)
        case ast.BinOp(left=left, right=right):
            for side in (left, right):
                yield from _bound(program, side, module)
        case ast.UnaryOp(operand=operand):
            yield from _bound(program, operand, module)
        case ast.Tuple(elts=elements):
            for element in elements:
                yield from _bound(program, element, module)
        case ast.Name() | ast.Attribute():
            if _is_value(program, node, module):
                yield node
        case _:
            raise UnclearError


def _bound_by_call(
    program: Program, node: ast.Call, func: ast.expr, module: Module
) -> Iterator[ast.expr]:
    outside = program.outside_name(func, module)
    if outside.startswith("sqlalchemy."):
        name = "func" if ".func." in outside else outside.rpartition(".")[2]
        if name not in _BINDING:
            # Such as literal_column(): it says itself what is written into the SQL.
            return
        for argument in node.args[_BINDING[name] :]:
            if name != "cast" or argument is node.args[0]:
                yield from _bound(program, argument, module)
        for keyword in node.keywords:
            yield from _bound(program, keyword.value, module)
        return
    if not isinstance(func, ast.Attribute):
        raise UnclearError
    yield from _bound(program, func.value, module)
    if func.attr == "op":
        return
    if func.attr in ("in_", "not_in", "cast"):
        raise UnclearError
    for argument in node.args:
        yield from _bound(program, argument, module)


def _is_value(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether a name is a plain value, and no SQL; raises where that is not known."""
    if isinstance(node, ast.Attribute) and any(
        isinstance(value, ClassValue) for value in program.infer(node.value, module)
    ):
        return False
    found = program.infer(node, module)
    if found and all(isinstance(v, Instance) and v.cls in _VALUES for v in found):
        return True
    if program.instances(found, known.COLUMN) or isinstance(node, ast.Attribute):
        return False
    made = program.definition(node, module)
    if made is not None and isinstance(made[0], ast.Call):
        return False
    raise UnclearError
