"""The call graph: what a call reaches, and everything that refers to a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts.carried import Carried
from codemods.facts.descriptors import is_classmethod
from codemods.facts.entries import SENDING
from codemods.facts.modules import Module
from codemods.facts.splats import forwarded, splatted
from codemods.facts.syntax import Class, Function
from codemods.facts.taken_apart import TakenApart
from codemods.facts.travels import Travels, is_kept
from codemods.facts.values import (
    ClassValue,
    FunctionValue,
    Instance,
    Method,
    Values,
    union,
)

if TYPE_CHECKING:
    from codemods.facts.program import Program


@dataclass(frozen=True)
class Reference:
    """A place that names a function. ``call`` is set where it is called right there."""

    node: ast.expr
    module: Module
    call: ast.Call | None


class CallGraph:
    """Calls and references of a program, resolved on demand by name."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._references: dict[Function, tuple[Reference, ...]] = {}
        self._unresolved: dict[Function, tuple[Reference, ...]] = {}
        self._families: dict[Function, frozenset[Function]] = {}
        self._named: dict[str, list[Function]] = {}
        self._sent: dict[Function, bool] = {}
        self._dispatch: dict[tuple[Class, Function], frozenset[Function]] = {}
        self.carried = Carried(program)
        self.travels = Travels(program)
        self.taken_apart = TakenApart(program)

    def targets(self, call: ast.Call, module: Module) -> list[Function]:
        """The functions of the code base that a call can reach."""
        found: list[Function] = []
        for value in self.program.infer(call.func, module):
            for function in self._functions(value):
                if function not in found:
                    found.append(function)
        return found

    def _functions(self, value: object) -> list[Function]:
        match value:
            case FunctionValue(function=function):
                return [] if self.is_sent(function) else sorted(self.family(function), key=str)
            case ClassValue(cls=cls):
                return [
                    v.function
                    for v in self.program.inference.instance_attribute(Instance(cls), "__init__")
                    if isinstance(v, FunctionValue)
                ]
            case Instance(cls=cls) if isinstance(cls, Class):
                return [
                    v.function
                    for v in self.program.inference.instance_attribute(value, "__call__")
                    if isinstance(v, FunctionValue)
                ]
        return []

    def is_sent(self, function: Function) -> bool:
        """Whether a call of a function sends it to a queue, and runs nothing.

        A queue that is told to can run its tasks at once: then a call is one.
        """
        if not function.definition.decorator_list:
            return False
        if function not in self._sent:
            sends = self.program.decorated(function, *SENDING)
            self._sent[function] = sends and not self.program.modules.mentioning(("immediate",))
        return self._sent[function]

    # -- families ----------------------------------------------------------------------------

    def family(self, function: Function) -> frozenset[Function]:
        """A method and all that override it or that it overrides: they have one colour."""
        if function not in self._families:
            members = self._family(function)
            for member in members:
                self._families[member] = members
        return self._families[function]

    def _family(self, function: Function) -> frozenset[Function]:
        if not isinstance(function.parent, Class) or function.name == "__init__":
            return frozenset((function,))
        found = {function}
        waiting = [function.parent]
        seen: set[Class] = set()
        while waiting:
            cls = waiting.pop()
            if cls in seen:
                continue
            seen.add(cls)
            related = [b for b in self.program.mro(cls) if isinstance(b, Class)]
            related += self.program.protocols.related(cls)
            for below in self.program.subclasses(cls):
                # A mixin and what it is mixed with meet in the class below both.
                related += [b for b in self.program.mro(below) if isinstance(b, Class)]
            for other in related:
                for binding in other.bindings.get(function.name, ()):
                    method = other.module.functions.get(binding.node)
                    if method is not None:
                        if method not in found or other is cls:
                            found.add(method)
                        if other not in seen:
                            waiting.append(other)
        return frozenset(found)

    # -- references --------------------------------------------------------------------------

    def references(self, function: Function) -> tuple[Reference, ...]:
        """Every place in the program that names ``function`` (or one of its family)."""
        if function not in self._references:
            self._find(function)
        return self._references[function]

    def unresolved(self, function: Function) -> tuple[Reference, ...]:
        """Places that could name ``function``: the same word on something unknown."""
        if function not in self._references:
            self._find(function)
        return self._unresolved[function]

    def _find(self, function: Function) -> None:
        family = self.family(function)
        found: list[Reference] = []
        unknown: list[Reference] = []
        given = self._given_as.get(function, set()) | self.carried.names(function)
        for module in self.program.modules.mentioning((function.name, *given)):
            names = {function.name, *given, *module.syntax.aliases.get(function.name, ())}
            for name in sorted(names):
                for node in module.syntax.references.get(name, ()):
                    values = self.program.infer(node, module)
                    call = _call_of(node, module) if not self.is_sent(function) else None
                    reference = Reference(node, module, call)
                    if any(isinstance(v, FunctionValue) and v.function in family for v in values):
                        found.append(reference)
                    elif self._could_be(node, values, function, module):
                        unknown.append(reference)
        self._references[function] = tuple(found)
        self._unresolved[function] = tuple(unknown)

    def _could_be(
        self,
        node: ast.Name | ast.Attribute,
        values: Values,
        function: Function,
        module: Module,
    ) -> bool:
        """Whether an attribute of something unknown could be this function."""
        if values or not isinstance(node, ast.Attribute):
            return False
        return not self.program.infer(node.value, module)

    @cached_property
    def _given_as(self) -> dict[Function, set[str]]:
        """The functions that fixtures hand out, and the names that tests call them by."""
        found: dict[Function, set[str]] = {}
        for name, fixtures in self.program.web.fixtures.items():
            for fixture in fixtures:
                for value in self.functions_given(fixture):
                    found.setdefault(value.function, set()).add(name)
        return found

    def functions_given(self, fixture: Function) -> list[FunctionValue]:
        """The functions that a fixture hands out by name, whatever its annotation says."""
        return [
            value
            for given in (*fixture.returns, *fixture.yields)
            if isinstance(given.value, ast.Name)
            for value in self.program.infer(given.value, fixture.module)
            if isinstance(value, FunctionValue)
        ]

    @cached_property
    def decorated_by(self) -> dict[Function, list[Function]]:
        """The functions that each function of the code base decorates."""
        found: dict[Function, list[Function]] = {}
        for function in self.program.functions():
            for decorator in function.definition.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                for value in self.program.infer(called, function.module):
                    if isinstance(value, FunctionValue):
                        found.setdefault(value.function, []).append(function)
        return found

    def is_given(self, function: Function) -> bool:
        """Whether a fixture hands the function out: the calls of tests are its calls."""
        return function in self._given_as

    def named(self, name: str) -> list[Function]:
        """Every function of the code base with that name."""
        if name not in self._named:
            self._named[name] = [
                function
                for module in self.program.modules.mentioning((name,))
                for function in module.functions.values()
                if function.name == name
            ]
        return self._named[name]

    def class_references(self, cls: Class) -> tuple[Reference, ...]:
        """Every place that names a class."""
        found = []
        for module in self.program.modules.mentioning((cls.name,)):
            for name in sorted({cls.name, *module.syntax.aliases.get(cls.name, ())}):
                for node in module.syntax.references.get(name, ()):
                    if any(
                        isinstance(v, ClassValue) and v.cls is cls
                        for v in self.program.infer(node, module)
                    ):
                        found.append(Reference(node, module, _call_of(node, module)))
        kept = [r for r in found if r.call is None and is_kept(r.node, r.module)]
        return (*found, *self._taken_out(kept), *self._as_cls(cls))

    def _taken_out(self, kept: list[Reference]) -> Iterator[Reference]:
        """Where a class is called that is kept in a table: ``TABLE[kind](...)``."""
        done: set[ast.Call] = set()
        for reference in kept:
            journey = self.travels.of(reference.node, reference.module)
            for call, module in journey.calls.items() if not journey.lost else ():
                if call not in done:
                    done.add(call)
                    yield Reference(call.func, module, call)

    def _as_cls(self, cls: Class) -> Iterator[Reference]:
        """What a class method calls ``cls``: its class, or one that derives from it."""
        for base in self.program.mro(cls):
            if not isinstance(base, Class):
                continue
            module = base.module
            for method in base.methods:
                if not (is_classmethod(method) and method.parameters):
                    continue
                name = method.parameters[0].arg
                for node in module.syntax.references.get(name, ()):
                    if module.scope_of(node).lookup(name) is method:
                        yield Reference(node, module, _call_of(node, module))

    # -- arguments ---------------------------------------------------------------------------

    def argument_values(self, function: Function, argument: ast.arg) -> Values:
        """What the callers of ``function`` pass for ``argument``."""
        return union(
            self.program.infer(node, home)
            for call, module in list(self.calls_of(function))
            for node, home in self.given(call, module, function, argument)
        )

    def given(
        self, call: ast.Call, module: Module, function: Function, argument: ast.arg
    ) -> list[tuple[ast.expr, Module]]:
        """What a call passes for an argument, handed on from its callers if need be."""
        node = self.argument(call, function, argument)
        if node is not None:
            return [(node, module)]
        return list(forwarded(self.program, call, argument.arg, module))

    def calls_of(self, function: Function) -> list[tuple[ast.Call, Module]]:
        """The calls of a function that were resolved; of ``__init__``: those of its class."""
        if function.name == "__init__" and isinstance(function.parent, Class):
            makers = [
                reference
                for cls in (function.parent, *self.program.subclasses(function.parent))
                if self.constructor(cls) is function
                for reference in self.class_references(cls)
            ]
            # Beside them, ``super().__init__(...)`` of the subclasses that have their own.
            return [
                (reference.call, reference.module)
                for reference in (*makers, *self.references(function))
                if reference.call is not None
            ]
        return [
            (reference.call, reference.module)
            for reference in self.references(function)
            if reference.call is not None and self._runs(reference, function)
        ]

    def _runs(self, reference: Reference, function: Function) -> bool:
        """Whether a call of one of a family can run this very function, and not just a sibling."""
        return len(self.family(function)) == 1 or function in self.dispatched(reference)

    def dispatched(self, reference: Reference) -> frozenset[Function]:
        """The functions that a reference can mean when it is called."""
        values = self.program.infer(reference.node, reference.module)
        found = [value for value in values if isinstance(value, FunctionValue)]
        match reference.node:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
                return frozenset(value.function for value in found)
        return frozenset().union(*(self._dispatched(value) for value in found))

    def _dispatched(self, value: FunctionValue) -> frozenset[Function]:
        """The functions that a method stands for: its own, and what classes below put for it."""
        start = value.owner.cls if value.owner is not None else value.function.parent
        if not isinstance(start, Class):
            return frozenset((value.function,))
        key = (start, value.function)
        if key not in self._dispatch:
            found = {value.function}
            implementers = self.program.protocols.related(start)
            for cls in (start, *implementers):
                for below in (cls, *self.program.subclasses(cls)):
                    found.update(self._methods_of(below, value.function.name))
            self._dispatch[key] = frozenset(found)
        return self._dispatch[key]

    def _methods_of(self, cls: Class, name: str) -> list[Function]:
        """What an object of a class runs by that name."""
        for base in self.program.mro(cls):
            if isinstance(base, Class) and name in base.bindings:
                functions = (base.module.functions.get(b.node) for b in base.bindings[name])
                return [function for function in functions if function is not None]
        return []

    def constructor(self, cls: Class) -> Function | None:
        """The ``__init__`` that making an object of ``cls`` calls."""
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                for binding in base.bindings.get("__init__", ()):
                    return base.module.functions.get(binding.node)
        return None

    def argument(self, call: ast.Call, function: Function, argument: ast.arg) -> ast.expr | None:
        """The expression that ``call`` passes for ``argument`` of ``function``."""
        for keyword in call.keywords:
            if keyword.arg == argument.arg:
                return keyword.value
        if (found := splatted(self.program, call, argument.arg)) is not None:
            return found
        positional = [*function.definition.args.posonlyargs, *function.definition.args.args]
        if argument not in positional:
            return None
        index = positional.index(argument)
        if function.is_method and not self.program.decorated(function, "builtins.staticmethod"):
            through_class = (
                isinstance(call.func, ast.Attribute)
                and function.name != "__init__"
                and any(
                    isinstance(v, FunctionValue) and v.owner is None
                    for v in self.program.infer(call.func, self._module_of(call, function))
                )
            )
            index -= 0 if through_class else 1
        if not 0 <= index < len(call.args):
            return None
        if any(isinstance(a, ast.Starred) for a in call.args[: index + 1]):
            return None
        return call.args[index]

    def _module_of(self, call: ast.Call, function: Function) -> Module:
        """The module in which a call of ``function`` stands."""
        for reference in self.references(function):
            if reference.call is call:
                return reference.module
        for module in self.program.modules:
            if "syntax" in module.__dict__ and call in module.syntax.parents:
                return module
        return function.module

    @cached_property
    def method_names(self) -> dict[str, int]:
        """How many families define a method of each name."""
        counts: dict[str, int] = {}
        for cls in self.program.all_classes():
            for name, bindings in cls.bindings.items():
                if any(b.kind == "def" for b in bindings):
                    counts[name] = counts.get(name, 0) + 1
        return counts


def parameter_of(
    function: Function, call: ast.Call, positional: list[ast.expr], argument: ast.expr
) -> str | None:
    """The parameter of ``function`` that gets ``argument``."""
    for keyword in call.keywords:
        if keyword.value is argument:
            return keyword.arg
    if argument not in positional or any(isinstance(a, ast.Starred) for a in positional):
        return None
    names = [p.arg for p in (*function.definition.args.posonlyargs, *function.definition.args.args)]
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod"
        for d in function.definition.decorator_list
    )
    if function.is_method and not static:
        names = names[1:]
    index = positional.index(argument)
    return names[index] if index < len(names) else None


def _call_of(node: ast.Name | ast.Attribute, module: Module) -> ast.Call | None:
    parent = module.parent(node)
    return parent if isinstance(parent, ast.Call) and parent.func is node else None


__all__ = ["CallGraph", "Method", "Reference", "parameter_of"]
