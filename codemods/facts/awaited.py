"""What an async session gives, as if its sync twin had been called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import (
    UNKNOWN,
    FunctionValue,
    Instance,
    Method,
    Values,
    instance,
    union,
)

if TYPE_CHECKING:
    from codemods.facts.program import Program

_DEPTH = 12


class Awaited:
    """Inference that sees through ``await db.scalars(...)`` and what is read of it.

    The facts of sync code know sync sessions only; this is for passes that run after the flip.
    """

    def __init__(self, program: Program) -> None:
        self.program = program

    def infer(self, node: ast.expr, module: Module, depth: int = 0) -> Values:
        """The values of an expression; what is known without awaiting comes first."""
        found = self.program.infer(node, module)
        if found or depth > _DEPTH:
            return found
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(value=owner, attr=name)) as call):
                known_name = f"{known.SESSION}.{name}" in known.RETURNS
                if known_name and self.program.is_a(owner, module, known.ASYNC_SESSION):
                    return self._called(Instance(known.SESSION), name, call, module)
                return self._returned(call, module, depth)
            case ast.Call() if opens_async_session(node, module, self.program):
                return instance(known.ASYNC_SESSION)
            case ast.Await(value=ast.Call() as call):
                return self._returned(call, module, depth)
            case ast.Call(func=ast.Attribute(value=owner, attr=name)):
                owners = self.infer(owner, module, depth + 1)
                return union(
                    self._called(value, name, node, module)
                    for value in owners
                    if isinstance(value, Instance)
                )
            case ast.Attribute(value=owner, attr=name):
                owners = self.infer(owner, module, depth + 1)
                return self.program.inference.attribute(owners, name, module)
            case ast.Subscript(value=owner, slice=index):
                owners = self.infer(owner, module, depth + 1)
                if isinstance(index, ast.Slice):
                    return owners
                return union(self.program.inference.called.element(v) for v in owners)
            case ast.Name():
                return self._name(node, module, depth)
        return UNKNOWN

    def _returned(self, call: ast.Call, module: Module, depth: int) -> Values:
        """What the functions of the code base give that a call runs; all of it, or nothing."""
        found = []
        for value in self.program.infer(call.func, module):
            if not isinstance(value, FunctionValue):
                return UNKNOWN
            for statement in value.function.returns:
                result = statement.value
                if result is None or (isinstance(result, ast.Constant) and result.value is None):
                    continue
                values = self.infer(result, value.function.module, depth + 1)
                if not values:
                    return UNKNOWN
                found.append(values)
        return union(found)

    def _called(self, owner: Instance, name: str, call: ast.Call, module: Module) -> Values:
        return self.program.inference.called.value(Method(owner, name), call, module)

    def _name(self, node: ast.Name, module: Module, depth: int) -> Values:
        holder = module.scope_of(node).lookup(node.id, node)
        if holder is None:
            return UNKNOWN
        found = []
        for binding in holder.bindings.get(node.id, ()):
            if binding.kind == "parameter" and isinstance(binding.node, ast.arg):
                if isinstance(holder, Function):
                    found.append(self._given(holder, binding.node, depth))
                continue
            if binding.value is None or binding.path:
                return UNKNOWN
            values = self.infer(binding.value, holder.module, depth + 1)
            if binding.kind == "for":
                values = union(self.program.inference.called.element(v) for v in values)
            elif binding.kind == "with":
                values &= instance(known.ASYNC_SESSION)
            elif binding.kind not in ("assign", "annotated"):
                return UNKNOWN
            found.append(values)
        return union(found)

    def _given(self, function: Function, parameter: ast.arg, depth: int) -> Values:
        """What the callers of a function pass for a parameter."""
        found = []
        for call, module in self.program.calls.calls_of(function):
            argument = self.program.calls.argument(call, function, parameter)
            if argument is not None:
                found.append(self.infer(argument, module, depth + 1))
        return union(found)


def opens_async_session(node: ast.expr | None, module: Module, program: Program) -> bool:
    """Whether an expression calls an ``async_sessionmaker``."""
    if not isinstance(node, ast.Call):
        return False
    made = program.definition(node.func, module)
    return (
        made is not None
        and isinstance(made[0], ast.Call)
        and program.outside_name(made[0].func, made[1]) == known.ASYNC_SESSIONMAKER
    )
