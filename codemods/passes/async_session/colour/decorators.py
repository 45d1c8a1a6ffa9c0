"""Decorators of the application that take coroutine functions as well as plain ones.

They ask ``iscoroutinefunction``, await the one kind and run the other in a thread.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue

_ASKING = frozenset({"asyncio.iscoroutinefunction", "inspect.iscoroutinefunction"})
_WRAPPING = "functools.wraps"


def takes_both(program: Program, decorator: ast.expr, module: Module) -> bool:
    """Whether a decorator is the application's own, and awaits what is a coroutine function."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    values = program.infer(called, module)
    return bool(values) and all(
        isinstance(value, FunctionValue)
        and (inner := _decorating(value.function, isinstance(decorator, ast.Call))) is not None
        and _asks(program, inner)
        for value in values
    )


def _decorating(function: Function, is_called: bool) -> Function | None:
    """The function that gets what is decorated: itself, or the one that it makes and returns."""
    if not is_called:
        return function
    made = [*_returned(function)]
    return made[0] if len(made) == 1 and len(function.returns) == 1 else None


def _returned(function: Function) -> Iterator[Function]:
    for statement in function.returns:
        if isinstance(statement.value, ast.Name):
            for binding in function.bindings.get(statement.value.id, ()):
                inner = function.module.functions.get(binding.node)
                if inner is not None and inner.parent is function:
                    yield inner


def _asks(program: Program, function: Function) -> bool:
    """Whether every call of the parameter stands where it is known which kind it is."""
    wrappers = [*_returned(function)]
    if len(function.parameters) != 1 or len(wrappers) != 1 or not wrappers[0].is_async:
        return False
    if len(function.returns) != 1 or function.yields:
        return False
    name, module = function.parameters[0].arg, function.module
    awaited = False
    for node in function.nodes:
        if not (isinstance(node, ast.Name) and node.id == name):
            continue
        if module.scope_of(node).lookup(name, node) is not function:
            return False
        if not isinstance(node.ctx, ast.Load):
            return False
        call = module.parent(node)
        if isinstance(call, ast.Call) and node in call.args:
            asked = program.outside_name(call.func, module)
            if asked in _ASKING or asked == _WRAPPING:
                continue
        branch = _branch(program, node, function)
        if branch is None:
            return False
        if branch:
            if not (isinstance(call, ast.Call) and call.func is node):
                return False
            if not isinstance(module.parent(call), ast.Await):
                return False
            awaited = True
    return awaited


def _branch(program: Program, node: ast.AST, function: Function) -> bool | None:
    """In which branch of the question a node stands: that of coroutine functions, or the other."""
    module = function.module
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.If) and _is_question(program, parent.test, function):
            if child in parent.body:
                return True
            if child in parent.orelse:
                return False
        if parent is function.definition:
            return None
        child = parent
    return None


def _is_question(program: Program, test: ast.expr, function: Function) -> bool:
    module: Module = function.module
    if isinstance(test, ast.Name):
        holder = module.scope_of(test).lookup(test.id, test)
        bindings = holder.bindings.get(test.id, []) if holder is function else []
        if len(bindings) != 1 or bindings[0].value is None:
            return False
        test = bindings[0].value
    return (
        isinstance(test, ast.Call)
        and program.outside_name(test.func, module) in _ASKING
        and len(test.args) == 1
        and isinstance(test.args[0], ast.Name)
        and test.args[0].id == function.parameters[0].arg
    )
