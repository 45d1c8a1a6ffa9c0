"""Lambdas that are handed to a function of the application, which does nothing but call them.

``safely(lambda: load(db))``: once ``load`` is async, the lambda gives what has to be awaited, and
``safely`` awaits it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.calls import parameter_of
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue


@dataclass(frozen=True)
class Handed:
    """Where lambdas arrive: the function, its calls of them, and all that they call."""

    holder: Function
    calls: tuple[ast.Call, ...]
    called: frozenset[Function]


class Lambdas:
    """The lambdas of a program that call one thing."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def handed(self, call: ast.Call, module: Module) -> Handed | None:
        """Where the lambda goes that is nothing but ``call``; None if that is not known."""
        function = module.parent(call)
        if not isinstance(function, ast.Lambda) or function.body is not call:
            return None
        parent = module.parent(function)
        outer = module.parent(parent) if isinstance(parent, ast.keyword) else parent
        if not isinstance(outer, ast.Call) or outer.func is function:
            return None
        values = self.program.infer(outer.func, module)
        targets = [v.function for v in values if isinstance(v, FunctionValue)]
        if len(targets) != 1 or len(values) != 1 or len(self.program.calls.family(targets[0])) > 1:
            return None
        holder = targets[0]
        name = parameter_of(holder, outer, outer.args, function)
        if name is None or len(holder.bindings.get(name, ())) != 1 or holder.is_generator:
            return None
        calls = self._calls(holder, name)
        called = self._given(holder, name)
        return Handed(holder, calls, called) if calls and called else None

    def _calls(self, holder: Function, name: str) -> tuple[ast.Call, ...]:
        """The calls of a parameter, if nothing else is done with it; else nothing."""
        found: list[ast.Call] = []
        for node in holder.nodes:
            if not isinstance(node, ast.Name) or node.id != name:
                continue
            match holder.module.parent(node):
                case ast.Call(func=called) as call if called is node:
                    if holder.module.function_of(call) is not holder:
                        return ()
                    found.append(call)
                case ast.Attribute(attr="__name__" | "__qualname__"):
                    continue
                case _:
                    return ()
        return tuple(found)

    def _given(self, holder: Function, name: str) -> frozenset[Function]:
        """Everything that is called through a parameter, if all of it is the application's."""
        argument = next(a for a in holder.parameters if a.arg == name)
        if holder.default_of(argument) is not None:
            return frozenset()
        found: set[Function] = set()
        for reference in self.program.calls.references(holder):
            if reference.call is None:
                return frozenset()
            given = self.program.calls.argument(reference.call, holder, argument)
            more = set(self._behind(given, reference.module)) if given is not None else set()
            if not more:
                return frozenset()
            found |= more
        return frozenset(found)

    def _behind(self, node: ast.expr, module: Module) -> Iterator[Function]:
        """The functions that a lambda calls, or that a name stands for."""
        match node:
            case ast.Lambda(body=ast.Call(func=called)):
                values = self.program.infer(called, module)
            case ast.Lambda():
                return
            case _:
                values = self.program.infer(node, module)
        if all(isinstance(value, FunctionValue) for value in values):
            yield from (v.function for v in values if isinstance(v, FunctionValue))
