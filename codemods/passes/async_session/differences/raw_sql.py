"""SQL as text: what psycopg2 took and the async drivers refuse."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from codemods.edits.actions import Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.values import Instance
from codemods.plan.draft import Draft

_STRINGS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_IN = re.compile(r"\bin\s+:(\w+)", re.IGNORECASE)
_IS_NULL = re.compile(r"(?<!:):(\w+)\s+is\s+(?:not\s+)?null", re.IGNORECASE)
_SEVERAL = re.compile(r";\s*\S")
_JOINED = re.compile(r"(?<!:):(\w+)\s*\|\||\|\|\s*:(\w+)")
_COMPARED = re.compile(r"(\w+)\s*(?:=|<>|!=|<=|>=|<|>)\s*:(\w+)")

_NUMBERS = frozenset(("builtins.int", "builtins.float", "decimal.Decimal"))


def edit_raw_sql(
    program: Program, draft: Draft, driver: str
) -> Iterator[tuple[ast.expr, Module, str]]:
    """Rewrite texts that bind a tuple to ``IN``; gives what can only be reported, and why."""
    for module in program.modules.mentioning(("text", "exec_driver_sql")):
        for call in module.syntax.calls.get("text", ()):
            sql = _sql(program, call, module)
            if not sql:
                continue
            _expand(draft, call, sql, module)
            for message in _refused(program, call, sql, module, driver):
                yield call, module, message
        if driver == "asyncpg":
            for call in module.syntax.calls.get("exec_driver_sql", ()):
                if len(call.args) > 1 or call.keywords:
                    yield call, module, "asyncpg takes `$1` for a parameter, not `%s`"


def _sql(program: Program, call: ast.Call, module: Module) -> str:
    """The SQL of a call of ``text()`` without its strings, or ""."""
    if program.outside_name(call.func, module) not in ("sqlalchemy.text", "sqlalchemy.sql.text"):
        return ""
    if not call.args or not isinstance(call.args[0], ast.Constant):
        return ""
    value = call.args[0].value
    return _STRINGS.sub("''", value) if isinstance(value, str) else ""


def _expand(draft: Draft, call: ast.Call, sql: str, module: Module) -> None:
    """``IN :ids`` takes a tuple as one value with psycopg2 only."""
    statement = ast.unparse(module.statement(call))
    names = [name for name in dict.fromkeys(_IN.findall(sql)) if "expanding" not in statement]
    if names:
        bind = draft.add_import(module, "sqlalchemy", "bindparam")
        binds = ", ".join(f'{bind}("{name}", expanding=True)' for name in names)
        draft.edit(module, call, Rewrite(f"{{self}}.bindparams({binds})"))


def _refused(
    program: Program, call: ast.Call, sql: str, module: Module, driver: str
) -> Iterator[str]:
    for name in dict.fromkeys(_IS_NULL.findall(sql)):
        yield f"PostgreSQL can't tell the type of `:{name} is null`: cast the parameter"
    run = _run(call, module)
    if _SEVERAL.search(sql):
        if driver == "asyncpg":
            yield "asyncpg runs one statement at a time"
        elif run is None or len(run.args) > 1 or not isinstance(module.parent(run), ast.Expr):
            yield f"{driver} gives the result of the first of several statements, not of the last"
    if driver != "asyncpg" or run is None:
        return
    values = _values(run)
    for name in (left or right for left, right in _JOINED.findall(sql)):
        if name in values and _is(program, values[name], module, _NUMBERS):
            yield f"asyncpg takes a string for `:{name}`, which is joined to one"
    for column, name in _COMPARED.findall(sql):
        if name in values and _is(program, values[name], module, frozenset(("builtins.str",))):
            kind = _kind(program, column)
            if kind:
                yield f"asyncpg takes no string for `:{name}`, which is compared with {kind}"


def _run(call: ast.Call, module: Module) -> ast.Call | None:
    """The call that runs a text."""
    for parent in module.ancestors(call):
        if isinstance(parent, ast.stmt):
            return None
        method = parent.func if isinstance(parent, ast.Call) else None
        if isinstance(method, ast.Attribute) and method.attr in ("execute", "scalar", "scalars"):
            return parent if isinstance(parent, ast.Call) else None
    return None


def _values(run: ast.Call) -> dict[str, ast.expr]:
    """The parameters that are given where a text is run."""
    found: dict[str, ast.expr] = {}
    for given in (*run.args[1:2], *(k.value for k in run.keywords if k.arg == "params")):
        if isinstance(given, ast.Dict):
            for key, value in zip(given.keys, given.values, strict=True):
                if isinstance(key, ast.Constant):
                    found[str(key.value)] = value
    return found


def _is(program: Program, node: ast.expr, module: Module, types: frozenset[str]) -> bool:
    if isinstance(node, ast.Constant):
        return f"builtins.{type(node.value).__name__}" in types
    found = program.infer(node, module)
    return bool(found) and all(isinstance(v, Instance) and v.cls in types for v in found)


def _kind(program: Program, column: str) -> str:
    """What the mapped classes say of a column by this name: a number or a date, or ""."""
    kinds = {
        kind
        for cls in program.models.all()
        for binding in cls.bindings.get(column, ())
        if isinstance(binding.value, ast.Call)
        for argument in binding.value.args
        for word in re.findall(r"\w+", ast.unparse(argument))
        if (kind := _KINDS.get(word))
    }
    return kinds.pop() if len(kinds) == 1 else ""


_KINDS = {
    **dict.fromkeys(("Integer", "BigInteger", "SmallInteger"), "a number"),
    **dict.fromkeys(("Date", "DateTime", "Time"), "a date"),
}
