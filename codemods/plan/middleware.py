"""Middleware of the application, and the place where its response is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import FunctionValue

BASE = "starlette.middleware.base.BaseHTTPMiddleware"

#: Names by which the modules that can hold a middleware are found.
_WORDS = ("middleware", "BaseHTTPMiddleware", "add_middleware", "Middleware", "receive")


@dataclass(frozen=True)
class Middleware:
    """A function around every request. ``passes_on`` awaits what is inside of it."""

    function: Function
    passes_on: tuple[ast.Await, ...]

    @property
    def module(self) -> Module:
        """The module of the function."""
        return self.function.module


def find_middleware(program: Program) -> Iterator[Middleware]:
    """Every middleware of the application that awaits what is inside of it."""
    found: dict[Function, None] = {}
    for module in program.modules.mentioning(_WORDS):
        if program.web.in_tests(module):
            continue
        for function in module.functions.values():
            if function.is_async and _is_middleware(program, function):
                found[function] = None
        for call in module.syntax.calls.get("middleware", ()):
            found.update(dict.fromkeys(_by_hand(program, call, module)))
        for name in ("add_middleware", "Middleware"):
            for call in module.syntax.calls.get(name, ()):
                found.update(dict.fromkeys(_dispatched(program, call, module)))
    for function in found:
        if passes_on := _passing_on(program, function):
            yield Middleware(function, passes_on)


def _is_middleware(program: Program, function: Function) -> bool:
    if isinstance(function.parent, Class):
        cls = function.parent
        if function.name == "dispatch":
            return program.is_subclass(cls, BASE)
        return function.name == "__call__" and len(function.parameters) == 4
    for decorator in function.definition.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="middleware", value=app), args=[kind]):
                if _is_http(kind) and program.web.is_application(app, function.module):
                    return True
    return False


def _is_http(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == "http"


def _by_hand(program: Program, call: ast.Call, module: Module) -> Iterator[Function]:
    """``app.middleware("http")(function)``."""
    outer = module.parent(call)
    if (
        isinstance(outer, ast.Call)
        and outer.func is call
        and len(outer.args) == 1
        and call.args
        and _is_http(call.args[0])
    ):
        yield from _functions(program, outer.args[0], module)


def _dispatched(program: Program, call: ast.Call, module: Module) -> Iterator[Function]:
    """``app.add_middleware(BaseHTTPMiddleware, dispatch=function)``."""
    if not call.args or program.outside_name(call.args[0], module) != BASE:
        return
    for keyword in call.keywords:
        if keyword.arg == "dispatch":
            yield from _functions(program, keyword.value, module)


def _functions(program: Program, node: ast.expr, module: Module) -> Iterator[Function]:
    for value in program.infer(node, module):
        if isinstance(value, FunctionValue) and value.function.is_async:
            yield value.function


def _passing_on(program: Program, function: Function) -> tuple[ast.Await, ...]:
    """``await call_next(request)``, or ``await self.app(scope, receive, send)``."""
    if isinstance(function.parent, Class) and function.name == "__call__":
        names = [parameter.arg for parameter in function.parameters[1:]]
        inner = [a for a in function.awaits if _is_inner(a, names, function)]
        return tuple(inner)
    parameters = function.parameters[-1:]
    if not parameters:
        return ()
    call_next = parameters[0].arg
    return tuple(
        found
        for found in function.awaits
        if isinstance(found.value, ast.Call)
        and isinstance(found.value.func, ast.Name)
        and found.value.func.id == call_next
    )


def _is_inner(node: ast.Await, names: list[str], function: Function) -> bool:
    """Whether ``node`` awaits ``self.<app>(scope, receive, <anything>)``."""
    match node.value:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=owner)),
            args=[ast.Name(id=scope), _, _],
        ):
            return owner == function.parameters[0].arg and scope == names[0]
    return False
