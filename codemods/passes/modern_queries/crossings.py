"""Where queries leave a function: as arguments, as return values and in attributes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from codemods.facts import Program
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function
from codemods.facts.values import Instance

#: Decorators that do not change how a function is called.
_HARMLESS = frozenset({"builtins.staticmethod", "builtins.classmethod"})
_PROPERTIES = frozenset({"builtins.property", "functools.cached_property"})


class LostError(Exception):
    """A query goes where it cannot be followed."""


class Crossings:
    """Finds the other ends of the ways on which queries leave a function."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def parameter(self, node: ast.expr, call: ast.Call, function: Function) -> ast.arg:
        """The parameter of ``function`` for which a call passes ``node``."""
        for argument in function.parameters:
            if self.program.calls.argument(call, function, argument) is node:
                return argument
        raise LostError(f"it is passed to {function.name}() among other arguments")

    def calls(self, function: Function) -> list[tuple[ast.Call, Module]]:
        """All calls of a function; raises where it can also be called in unseen ways."""
        self._check(function, _HARMLESS)
        found = []
        for reference in self._references(function):
            if reference.call is None:
                raise LostError(f"{function.name} is also used without being called")
            found.append((reference.call, reference.module))
        return found

    def results(self, function: Function) -> Sequence[tuple[ast.expr, Module]]:
        """All expressions that give what a function returns."""
        is_property = bool(_PROPERTIES.intersection(self.program.decorators(function)))
        if not is_property:
            return [(call, module) for call, module in self.calls(function)]
        self._check(function, _PROPERTIES)
        if not isinstance(function.parent, Class):
            raise LostError(f"{function.name} is a property outside of a class")
        return list(self.reads(function.parent, function.name))

    def _check(self, function: Function, decorators: frozenset[str]) -> None:
        if function.is_generator or function.is_async:
            raise LostError(f"{function.name} is a generator or a coroutine function")
        if not decorators.issuperset(self.program.decorators(function)):
            raise LostError(f"{function.name} has a decorator")

    def _references(self, function: Function) -> tuple[Reference, ...]:
        for unknown in self.program.calls.unresolved(function):
            if not self._is_idle(unknown):
                where = f"{unknown.module.path}:{unknown.node.lineno}"
                raise LostError(f"{function.name} may also be called in {where}")
        found = []
        for reference in self.program.calls.references(function):
            meant = self.program.calls.dispatched(reference)
            if function in meant:
                if len(meant) > 1:
                    where = f"{reference.module.path}:{reference.node.lineno}"
                    raise LostError(f"{where} can also mean another {function.name}")
                found.append(reference)
        return tuple(found)

    def _is_idle(self, reference: Reference) -> bool:
        """Whether a test names something unknown without a call: ``mock.fetch.side_effect``."""
        return reference.call is None and self.program.web.in_tests(reference.module)

    # -- attributes --------------------------------------------------------------------------

    def owner(self, target: ast.Attribute, module: Module) -> Class:
        """The class of the object whose attribute is set."""
        for value in self.program.infer(target.value, module):
            if isinstance(value, Instance) and isinstance(value.cls, Class):
                return value.cls
        raise LostError(f"it is kept in the attribute {target.attr!r} of an unknown object")

    def bindings(self, owner: Class, name: str) -> list[Binding]:
        """Everything that sets an attribute."""
        found = []
        for cls in self._related(owner):
            if name in cls.bindings:
                raise LostError(f"{name!r} is also an attribute of the class {cls.name}")
            found += cls.attributes.get(name, [])
        stores = sum(
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store | ast.Del)
            and node.attr == name
            for module in self.program.modules.mentioning((name,))
            for node in ast.walk(module.tree)
        )
        if stores != len(found):
            raise LostError(f"the attribute {name!r} is also set from outside")
        return found

    def reads(self, owner: Class, name: str) -> Iterator[tuple[ast.Attribute, Module]]:
        """Everything that reads an attribute."""
        related = set(self._related(owner))
        for module in self.program.modules.mentioning((name,)):
            for node in module.syntax.references.get(name, ()):
                if not isinstance(node, ast.Attribute):
                    continue
                values = self.program.infer(node.value, module)
                if not values:
                    place = f"{module.path}:{node.lineno}"
                    raise LostError(f"the attribute {name!r} may also be read in {place}")
                if any(isinstance(v, Instance) and v.cls in related for v in values):
                    yield node, module

    def _related(self, cls: Class) -> list[Class]:
        bases = [base for base in self.program.mro(cls) if isinstance(base, Class)]
        return [*bases, *self.program.subclasses(cls)]
