"""Functions that choose an implementation when they are called: ``functools.singledispatch``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue

if TYPE_CHECKING:
    from codemods.facts.program import Program

_DISPATCHING = ("functools.singledispatch", "functools.singledispatchmethod")


def is_dispatching(program: Program, function: Function) -> bool:
    """Whether calls of a function run what was registered for the class of an argument."""
    return any(
        program.outside_name(decorator, function.module) in _DISPATCHING
        for decorator in function.definition.decorator_list
    )


def implementations(program: Program, function: Function) -> set[Function]:
    """The function and all that is registered with it; empty where not all of it is known."""
    found = {function}
    for reference in program.calls.references(function):
        if reference.call is not None:
            continue
        register = reference.module.parent(reference.node)
        if not isinstance(register, ast.Attribute) or register.attr != "register":
            return set()
        registered = _registered(program, register, reference.module)
        if registered is None:
            return set()
        found.add(registered)
    return found


def _registered(program: Program, register: ast.Attribute, module: Module) -> Function | None:
    """What is registered: what is decorated, or the second argument of a call."""
    node: ast.AST = register
    parent = module.parent(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        if len(parent.args) == 2:
            values = program.infer(parent.args[1], module)
            functions = [v.function for v in values if isinstance(v, FunctionValue)]
            return functions[0] if len(functions) == len(values) == 1 else None
        node, parent = parent, module.parent(parent)
    if isinstance(parent, ast.FunctionDef) and node in parent.decorator_list:
        return module.functions.get(parent)
    return None
