"""Values of another type than their column: asyncpg takes none, psycopg2 took most."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import ClassValue, FunctionValue
from codemods.passes.async_session.differences.columns import INTEGERS, declares, is_text

_DATES = frozenset(("DateTime", "datetime"))
#: The arguments of a column that say what it is given by itself.
_GIVEN = ("default", "onupdate", "default_factory", "insert_default")
_DEEPEST = 4


def refused_values(program: Program) -> Iterator[tuple[ast.expr, Module, str]]:
    """Values that asyncpg refuses for the columns that they are given to, and why."""
    for module in program.modules:
        if program.web.in_tests(module):
            continue
        for calls in list(module.syntax.calls.values()):
            for call in calls:
                yield from _made(program, call, module)
                yield from _looked_up(program, call, module)
    for cls in program.models.all():
        yield from _defaults(program, cls)


def _made(
    program: Program, call: ast.Call, module: Module
) -> Iterator[tuple[ast.expr, Module, str]]:
    """The values of a new object, or of a statement that writes."""
    if not any(keyword.arg for keyword in call.keywords):
        return
    classes = _written(program, call, module)
    for keyword in call.keywords:
        for cls in classes:
            if keyword.arg is None:
                continue
            if declares(program, cls, keyword.arg, INTEGERS) and is_text(
                program, keyword.value, module
            ):
                yield keyword.value, module, f"asyncpg takes no string for `{keyword.arg}`"
            elif _is_naive(program, cls, keyword.arg) and _is_aware(
                program, keyword.value, module, _DEEPEST
            ):
                yield keyword.value, module, _AWARE.format(keyword.arg)


_AWARE = "asyncpg takes no aware datetime for `{}`, a column without time zone"


def _written(program: Program, call: ast.Call, module: Module) -> list[Class]:
    """The mapped classes that a call writes to: it makes an object, or has ``values()``."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr == "values":
        inner = func.value
        while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            inner = inner.func.value
        func = inner.args[0] if isinstance(inner, ast.Call) and inner.args else func
    return [
        value.cls
        for value in program.infer(func, module)
        if isinstance(value, ClassValue) and program.models.is_mapped(value.cls)
    ]


def _looked_up(
    program: Program, call: ast.Call, module: Module
) -> Iterator[tuple[ast.expr, Module, str]]:
    """A string as the key of ``get()``."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("get", "get_one"):
        return
    if len(call.args) != 2 or not is_text(program, call.args[1], module):
        return
    for value in program.infer(call.args[0], module):
        if isinstance(value, ClassValue) and program.models.is_mapped(value.cls):
            keys = [name for name in value.cls.bindings if _is_key(value.cls, name)]
            if any(declares(program, value.cls, name, INTEGERS) for name in keys):
                yield call.args[1], module, "asyncpg takes no string for an integer key"


def _is_key(cls: Class, name: str) -> bool:
    return any(
        isinstance(binding.value, ast.Call)
        and any(keyword.arg == "primary_key" for keyword in binding.value.keywords)
        for binding in cls.bindings[name]
    )


def _defaults(program: Program, cls: Class) -> Iterator[tuple[ast.expr, Module, str]]:
    """The ``default`` and ``onupdate`` of columns without a time zone."""
    for name, bindings in cls.bindings.items():
        if not _is_naive(program, cls, name):
            continue
        for binding in bindings:
            for keyword in binding.value.keywords if isinstance(binding.value, ast.Call) else ():
                given = keyword.value if keyword.arg in _GIVEN else None
                if given and _is_aware(program, given, cls.module, _DEEPEST):
                    yield given, cls.module, _AWARE.format(name)


def _is_naive(program: Program, cls: Class, name: str) -> bool:
    """Whether a column holds a date and time without a time zone."""
    if not declares(program, cls, name, _DATES):
        return False
    return not any(
        keyword.arg == "timezone"
        for base in program.mro(cls)
        if isinstance(base, Class)
        for binding in base.bindings.get(name, ())
        if binding.value is not None
        for keyword in ast.walk(binding.value)
        if isinstance(keyword, ast.keyword)
    )


def _is_aware(program: Program, node: ast.expr, module: Module, depth: int) -> bool:
    """Whether an expression, or what a function gives, is a datetime with a time zone."""
    match node:
        case ast.Lambda(body=body):
            return _is_aware(program, body, module, depth)
        case ast.Call(func=ast.Attribute(attr="replace" | "astimezone" as name)):
            zones = [k.value for k in node.keywords if k.arg == "tzinfo"]
            if name == "astimezone":
                return True
            return any(not (isinstance(z, ast.Constant) and z.value is None) for z in zones)
        case ast.Call(func=func):
            outside = program.outside_name(func, module)
            if outside in ("datetime.datetime.now", "datetime.datetime.fromtimestamp"):
                return len(node.args) > (0 if outside.endswith("now") else 1) or any(
                    k.arg in ("tz", "tzinfo") for k in node.keywords
                )
            if outside == "datetime.datetime":
                return any(k.arg == "tzinfo" for k in node.keywords)
            return depth > 0 and _gives_aware(program, func, module, depth - 1)
        case ast.Name() | ast.Attribute():
            made = program.definition(node, module) if depth else None
            if made is not None and made[0] is not node:
                return _is_aware(program, *made, depth - 1)
            return depth > 0 and _gives_aware(program, node, module, depth - 1)
    return False


def _gives_aware(program: Program, func: ast.expr, module: Module, depth: int) -> bool:
    """Whether all that a function of the application returns is aware."""
    results = [
        (returned.value, value.function.module)
        for value in program.infer(func, module)
        if isinstance(value, FunctionValue)
        for returned in value.function.returns
    ]
    return bool(results) and all(
        result is not None and _is_aware(program, result, home, depth) for result, home in results
    )
