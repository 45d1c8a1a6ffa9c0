"""What an application keeps in ``request.state`` and ``app.state``, for every module to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import UNKNOWN, Instance, Values, one, union

if TYPE_CHECKING:
    from codemods.facts.program import Program

_MIDDLEWARE = "starlette.middleware.base.BaseHTTPMiddleware"


class States:
    """Answers what the names of a state hold: all that any module assigns to them."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, state: str, name: str) -> Values:
        """The values of ``request.state.name`` or ``app.state.name``: ``state`` says of which."""
        if state in self._reached_otherwise:
            return UNKNOWN
        return union(
            self.program.infer(value, module)
            for target, value, module in self._assigned.get(name, ())
            if self._is_of(target, state, module)
        )

    def is_followed(self, target: ast.expr, module: Module) -> bool:
        """Whether each reader of what is assigned to a target is known to read that."""
        if not isinstance(target, ast.Attribute):
            return False
        states = self._states(target.value, module)
        if not states or states & self._reached_otherwise:
            return False
        return all(self._states(node.value, home) for node, home in self._read.get(target.attr, ()))

    def _is_of(self, target: ast.Attribute, state: str, module: Module) -> bool:
        states = self._states(target.value, module)
        return not states or state in states

    def _states(self, node: ast.expr, module: Module) -> set[str]:
        return {
            str(value.cls)
            for value in self.program.infer(node, module)
            if isinstance(value, Instance) and value.cls in known.STATES
        }

    @cached_property
    def _reached_otherwise(self) -> frozenset[str]:
        """The states that are used as objects: by ``getattr``, under another name."""
        found: set[str] = set()
        for module in self.program.modules.mentioning(("state",)):
            for node in module.syntax.references.get("state", ()):
                parent = module.parent(node)
                if isinstance(parent, ast.Attribute) or _is_asked(parent):
                    continue
                found |= self._states(node, module)
        return frozenset(found)

    @cached_property
    def _assigned(self) -> dict[str, list[tuple[ast.Attribute, ast.expr, Module]]]:
        found: dict[str, list[tuple[ast.Attribute, ast.expr, Module]]] = {}
        for module in self.program.modules.mentioning(("state",)):
            for target, value in _assignments(module):
                found.setdefault(target.attr, []).append((target, value, module))
        return found

    @cached_property
    def _read(self) -> dict[str, list[tuple[ast.Attribute, Module]]]:
        found: dict[str, list[tuple[ast.Attribute, Module]]] = {}
        for module in self.program.modules.mentioning(("state",)):
            for node in module.syntax.references.get("state", ()):
                parent = module.parent(node)
                if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Load):
                    found.setdefault(parent.attr, []).append((parent, module))
        return found


def _is_asked(parent: ast.AST | None) -> bool:
    """``hasattr(request.state, "user")``"""
    return isinstance(parent, ast.Call) and ast.unparse(parent.func) == "hasattr"


def _assignments(module: Module) -> Iterator[tuple[ast.Attribute, ast.expr]]:
    """What a module assigns to attributes of some ``state``."""
    for node in module.syntax.references.get("state", ()):
        target = module.parent(node)
        statement = module.parent(target) if isinstance(target, ast.Attribute) else None
        match statement:
            case ast.Assign(targets=targets, value=value) if target in targets:
                assert isinstance(target, ast.Attribute)
                yield target, value
            case ast.AnnAssign(value=ast.expr() as value) if statement.target is target:
                assert isinstance(target, ast.Attribute)
                yield target, value


def middleware_request(program: Program, function: Function, argument: ast.arg) -> Values:
    """The request that a middleware is given, whose parameter has no annotation."""
    own = 1 if isinstance(function.parent, Class) else 0
    if argument not in function.parameters[own : own + 1] or len(function.parameters) != own + 2:
        return UNKNOWN
    if isinstance(function.parent, Class):
        taken = function.name == "dispatch" and program.is_subclass(function.parent, _MIDDLEWARE)
    else:
        taken = any(
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr == "middleware"
            and program.web.is_application(decorator.func.value, function.module)
            for decorator in function.definition.decorator_list
        )
    return one(Instance(known.REQUEST)) if taken else UNKNOWN
