"""Integers that are too wide for their column: the async drivers refuse them.

PostgreSQL compares any number with an integer column and finds nothing, which the application
answers with 404. asyncpg packs a parameter into the type of the column first, SQLAlchemy casts it
to that type for psycopg, and both fail.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.differences.columns import comparisons, declares, is_column
from codemods.passes.async_session.sessions.sites import Site

_NARROW = frozenset(("Integer", "SmallInteger", "int"))


def wide_integers(analysis: Analysis) -> list[tuple[Site, str]]:
    """Places that look for a number from outside in a column of 32 bits, with the number."""
    program = analysis.program
    found = []
    for site in analysis.sites:
        if program.web.in_tests(site.module) or not analysis.flips(site):
            continue
        for value in _looked_for(program, site.node, site.module):
            if _is_unbounded(program, value, site.module):
                found.append((site, ast.unparse(value)))
                break
    return found


def _looked_for(program: Program, call: ast.Call, module: Module) -> Iterator[ast.expr]:
    for argument in call.args:
        for column, value in comparisons(argument):
            if isinstance(column, ast.Attribute) and is_column(program, column, module, _NARROW):
                yield value
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method not in ("get", "get_one") or len(call.args) < 2:
        return
    if _has_narrow_key(program, call.args[0], module):
        yield call.args[1]


def _has_narrow_key(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether the primary key of a mapped class is an integer of 32 bits."""
    return any(
        declares(program, value.cls, name, _NARROW)
        for value in program.infer(node, module)
        if isinstance(value, ClassValue)
        for base in program.mro(value.cls)
        if isinstance(base, Class)
        for name, bindings in base.bindings.items()
        for binding in bindings
        if isinstance(binding.value, ast.Call)
        and any(k.arg == "primary_key" for k in binding.value.keywords)
    )


def _is_unbounded(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether a value is a parameter that takes any integer."""
    if not isinstance(node, ast.Name):
        return False
    function = module.scope_of(node).lookup(node.id)
    if not isinstance(function, Function):
        return False
    argument = next((a for a in function.parameters if a.arg == node.id), None)
    if argument is None or argument.annotation is None:
        return False
    given = (argument.annotation, function.default_of(argument))
    bounds = {k.arg for part in given if part for k in _keywords(part)}
    integer = any(
        isinstance(v, Instance) and v.cls == "builtins.int"
        for v in program.annotation(argument.annotation, module)
    )
    return integer and not bounds & {"le", "lt"}


def _keywords(node: ast.expr) -> Iterator[ast.keyword]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.keyword))
