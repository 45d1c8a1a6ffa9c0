"""Sessions that are handed to a mapped class whose code can't be followed from the call.

A generic repository makes ``self.model(session=self.session, **data)``: each model has an
``__init__`` of its own, often behind a decorator, and the session arrives in ``**kwargs``. The call
goes through ``run_sync``, and whatever it reaches stays sync and gets a sync session. So does the
call of a ``singledispatch`` function, which runs one of those that are registered with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.dispatched import implementations, is_dispatching
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    ClassValue,
    FunctionValue,
    Instance,
    TypeVariable,
    Value,
    Values,
)


@dataclass(frozen=True, eq=False)
class Handover:
    """A call that gives ``session`` to the functions that it can reach."""

    call: ast.Call
    module: Module
    function: Function
    session: ast.expr
    reached: tuple[Function, ...]

    @property
    def place(self) -> str:
        """Where the call stands, and what it calls."""
        return f"`{ast.unparse(self.call.func)}` in {self.module.path}:{self.call.lineno}"


class Handovers:
    """The calls of a program that hand a session to mapped classes, as they are come across."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.all: dict[ast.Call, Handover] = {}

    def take(self, call: ast.Call, session: ast.expr, module: Module) -> bool:
        """Whether a call that can't be followed can go through ``run_sync``."""
        function = module.function_of(call)
        if function is None or not isinstance(session, ast.Name | ast.Attribute):
            return False
        if call in self.all:
            return False  # a second session: there is no ``run_sync`` of both
        reached = self._reached(self.program.infer(call.func, module))
        if not reached or not self._lets_go(reached):
            return False
        around = tuple(sorted(reached, key=lambda f: (f.module.path, f.definition.lineno)))
        self.all[call] = Handover(call, module, function, session, around)
        return True

    # -- what is reached ---------------------------------------------------------------------

    def _reached(self, values: Values) -> set[Function]:
        """The functions behind a call, if it means mapped classes or dispatching functions."""
        found: set[Function] = set()
        for value in values:
            more = self._behind(value)
            if not more:
                return set()
            found |= more
        return found | {inner for function in found for inner in self._wrappers(function)}

    def _behind(self, value: Value) -> set[Function]:
        match value:
            case FunctionValue(function=function):
                if is_dispatching(self.program, function):
                    return implementations(self.program, function)
                family = self.program.calls.family(function)
                return set(family) if all(self._is_of_model(f) for f in family) else set()
            case ClassValue(cls=cls):
                return self._constructors(cls)
            case Instance(cls="builtins.type", args=(inner,)):
                made = [self._constructors(cls) for cls in _classes(inner)]
                return set().union(*made) if made and all(made) else set()
        return set()

    def _constructors(self, cls: Class) -> set[Function]:
        if not self._is_model(cls):
            return set()
        return {
            owner.module.functions[binding.node]
            for owner in (cls, *self.program.subclasses(cls))
            for binding in owner.bindings.get("__init__", ())
            if binding.node in owner.module.functions
        }

    def _is_of_model(self, function: Function) -> bool:
        return isinstance(function.parent, Class) and self._is_model(function.parent)

    def _is_model(self, cls: Class) -> bool:
        """Whether a class is mapped, or a base or mixin of classes that are."""
        mapped = self.program.models.is_mapped
        return mapped(cls) or any(mapped(other) for other in self.program.subclasses(cls))

    def _wrappers(self, function: Function) -> Iterator[Function]:
        """The functions that a decorator of the application puts around a function."""
        for decorator in function.definition.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            for value in self.program.infer(called, function.module):
                if isinstance(value, FunctionValue):
                    yield from _within(value.function)

    # -- what becomes of the session ---------------------------------------------------------

    def _lets_go(self, reached: set[Function]) -> bool:
        """Whether nothing keeps the session: a sync one is of no use when the call is over."""
        seen: set[Function] = set()
        waiting = [*reached]
        while waiting:
            function = waiting.pop()
            if function in seen:
                continue
            seen.add(function)
            if function.is_async or function.is_generator or self._keeps(function):
                return False
            for node in function.nodes:
                if isinstance(node, ast.Call):
                    waiting += self.program.called_functions(node, function.module)
        return True

    def _keeps(self, function: Function) -> bool:
        """Whether a function stores a session somewhere, or gives it back."""
        for node in function.nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    out = not all(isinstance(target, ast.Name) for target in targets)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    out = not isinstance(target, ast.Name)
                case ast.Return(value=ast.expr() as value):
                    out = True
                case _:
                    continue
            if out and self._is_session(value, function.module):
                return True
        return False

    def _is_session(self, node: ast.expr, module: Module) -> bool:
        return self.program.is_a(node, module, known.SESSION)


def _classes(values: Values) -> Iterator[Class]:
    """The classes of which values are instances, those that bind a type variable too."""
    for value in values:
        match value:
            case Instance(cls=Class() as cls):
                yield cls
            case TypeVariable(bound=bound):
                yield from _classes(bound)


def _within(function: Function) -> Iterable[Function]:
    """The functions that are defined in a function, at any depth."""
    for other in function.module.functions.values():
        parent = other.parent
        while parent is not None:
            if parent is function:
                yield other
                break
            parent = parent.parent
