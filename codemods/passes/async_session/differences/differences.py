"""What the change of driver alone would change, where it stands in the code.

psycopg2 pastes values into the SQL text, where PostgreSQL guesses their types; the async drivers
send them apart, with the type of their Python value. What they refuse then is rewritten where that
gives what psycopg2 gave, and reported where it does not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codemods.drivers import Driver
from codemods.edits.actions import Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import Instance
from codemods.passes.async_session.differences.columns import (
    INTEGERS,
    comparisons,
    declares,
    is_column,
    is_text,
)
from codemods.passes.async_session.differences.driver_errors import edit_driver_errors
from codemods.passes.async_session.differences.raw_sql import edit_raw_sql
from codemods.passes.async_session.differences.repeated import edit_repeated
from codemods.passes.async_session.differences.strict_types import refused_values
from codemods.plan.draft import Draft


@dataclass(frozen=True)
class Difference:
    """A place where the async driver does something else, and what."""

    node: ast.expr
    module: Module
    message: str


#: What functions of PostgreSQL give that is no text.
_FUNCTIONS = {"date": "Date", "date_trunc": "DateTime"}


def edit_differences(
    program: Program, draft: Draft, drivers: Mapping[str, Driver]
) -> list[Difference]:
    """Rewrite what PostgreSQL's async drivers refuse; gives what has to be reported."""
    if "postgresql" not in drivers:
        return []
    driver = drivers["postgresql"].name
    found: list[tuple[ast.expr, Module, str]] = list(_edit_comparisons(program, draft, driver))
    found += [
        (node, module, "PostgreSQL takes it for another expression each time: give it a name")
        for node, module in edit_repeated(program, draft)
    ]
    found += edit_raw_sql(program, draft, driver)
    found += edit_driver_errors(program, draft, driver)
    if driver == "asyncpg":
        found += refused_values(program)
    else:
        found += _counted_inserts(program)
    return [Difference(*difference) for difference in dict.fromkeys(found)]


def _edit_comparisons(
    program: Program, draft: Draft, driver: str
) -> Iterator[tuple[ast.expr, Module, str]]:
    """Strings that are compared with numbers and dates."""
    types = {"Integer": INTEGERS}
    if driver == "asyncpg":
        types |= {"DateTime": frozenset(("DateTime", "datetime")), "Date": frozenset(("Date",))}
    for module in program.modules.mentioning(("where", "filter", "filter_by")):
        for name in ("where", "filter"):
            for call in module.syntax.calls.get(name, ()):
                for argument in call.args:
                    for column, value in comparisons(argument):
                        kind = _kind(program, column, module, types)
                        if kind and is_text(program, value, module):
                            _cast(draft, value, module, kind)
                    yield from _members(program, draft, argument, module)
        for call in module.syntax.calls.get("filter_by", ()):
            _by_name(program, draft, call, module)


def _kind(
    program: Program, column: ast.expr, module: Module, types: Mapping[str, frozenset[str]]
) -> str:
    """The type that a string has to be cast to before it is compared with a column."""
    if isinstance(column, ast.Attribute):
        return next(
            (k for k, names in types.items() if is_column(program, column, module, names)), ""
        )
    if isinstance(column, ast.Call):
        outside = program.outside_name(column.func, module)
        if ".func." in outside:
            return _FUNCTIONS.get(outside.rpartition(".")[2], "")
    return ""


def _members(
    program: Program, draft: Draft, argument: ast.expr, module: Module
) -> Iterator[tuple[ast.expr, Module, str]]:
    """``Model.id.in_(["1", "2"])``."""
    for call in ast.walk(argument):
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute() as column, attr=attr), args=[of]
            ):
                if attr not in ("in_", "not_in", "notin_"):
                    continue
                if not is_column(program, column, module, INTEGERS):
                    continue
                if isinstance(of, ast.List | ast.Tuple | ast.Set):
                    for element in of.elts:
                        if is_text(program, element, module):
                            _cast(draft, element, module, "Integer")
                elif _are_texts(program, of, module):
                    yield of, module, f"the strings in `{ast.unparse(of)}` are refused for a number"


def _are_texts(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether an expression is known to hold strings."""
    return any(
        isinstance(inner, Instance) and inner.cls == "builtins.str"
        for value in program.infer(node, module)
        if isinstance(value, Instance) and value.cls in ("builtins.list", "builtins.set")
        for argument in value.args
        for inner in argument
    )


def _by_name(program: Program, draft: Draft, call: ast.Call, module: Module) -> None:
    """``select(Model).filter_by(id="1")``."""
    start: ast.expr = call
    while isinstance(start, ast.Call) and isinstance(start.func, ast.Attribute):
        if start.func.attr in ("join", "outerjoin", "select_from", "query", "select"):
            break
        start = start.func.value
    if not isinstance(start, ast.Call) or not start.args:
        return
    for keyword in call.keywords:
        if keyword.arg and is_text(program, keyword.value, module):
            for value in program.infer(start.args[0], module):
                cls = getattr(value, "cls", None)
                if isinstance(cls, Class) and declares(program, cls, keyword.arg, INTEGERS):
                    _cast(draft, keyword.value, module, "Integer")


def _counted_inserts(program: Program) -> Iterator[tuple[ast.expr, Module, str]]:
    """``rowcount`` of an INSERT, which psycopg does not know."""
    for module in program.modules.mentioning(("rowcount",)):
        for node in module.syntax.references.get("rowcount", ()):
            if not isinstance(node, ast.Attribute):
                continue
            made: ast.expr = node.value
            if isinstance(made, ast.Name) and (found := program.definition(made, module)):
                made = found[0]
            if isinstance(made, ast.Await):
                made = made.value
            if isinstance(made, ast.Call) and made.args and _inserts(program, made.args[0], module):
                yield node, module, "psycopg says -1 for the rows of an INSERT"


def _inserts(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether a statement is an INSERT."""
    if isinstance(node, ast.Name) and (found := program.definition(node, module)):
        node, module = found
    while isinstance(node, ast.Call):
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "insert":
            return True
        if program.outside_name(func, module).endswith(".insert"):
            return True
        if not isinstance(func, ast.Attribute):
            return False
        node = func.value
    return False


def _cast(draft: Draft, node: ast.expr, module: Module, kind: str) -> None:
    for name in ("cast", "literal", kind, "String"):
        draft.add_import(module, "sqlalchemy", name)
    draft.edit(module, node, Rewrite(f"cast(literal({{self}}, String), {kind})"))
