"""What can stand in a place: all that is assigned, passed or put there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.journeys import GIVING, TAKING, Place, Trail
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function, Scope
from codemods.facts.values import ClassValue, External, FunctionValue

if TYPE_CHECKING:
    from codemods.facts.program import Program


class Sources(Trail):
    """The half of a trail that leads back to where values come from."""

    def __init__(self, program: Program, *, objects: bool) -> None:
        super().__init__(program, objects=objects)
        self._sources: set[ast.expr] = set()

    def source(self, node: ast.expr, module: Module) -> None:
        """What an expression gives can stand in these places too."""
        if node in self._sources or self.journey.lost:
            return
        self._sources.add(node)
        match node:
            case ast.Constant():
                pass
            case ast.Lambda():
                self.journey.lambdas.add(node)
            case ast.Dict(values=values):
                self._all(values, module)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                self._all(elements, module)
            case ast.ListComp(elt=element) | ast.SetComp(elt=element):
                self.source(element, module)
            case ast.GeneratorExp(elt=element) | ast.DictComp(value=element):
                self.source(element, module)
            case ast.IfExp(body=body, orelse=orelse):
                self._all([body, orelse], module)
            case ast.BoolOp(values=values):
                self._all(values, module)
            case ast.Subscript(value=value) | ast.Starred(value=value) | ast.Await(value=value):
                self.source(value, module)
            case ast.NamedExpr(value=value):
                self.source(value, module)
            case ast.Call():
                self._result(node, module)
            case ast.Name() | ast.Attribute():
                self._named(node, module)
            case _:
                self.journey.others = True

    def _all(self, nodes: list[ast.expr], module: Module) -> None:
        for node in nodes:
            self.source(node, module)

    def _named(self, node: ast.Name | ast.Attribute, module: Module) -> None:
        values = self.program.infer(node, module)
        members = [v for v in values if isinstance(v, FunctionValue | ClassValue)]
        for member in members:
            if isinstance(member, FunctionValue):
                self.journey.functions.add(member.function)
            else:
                self.journey.classes.add(member.cls)
        if members and len(members) == len(values) and not self._is_kept(node, module):
            return
        places = self.places_of(node, module)
        for place in places:
            self.place(place)
        if not places:
            self.journey.others = True

    def _is_kept(self, node: ast.Name | ast.Attribute, module: Module) -> bool:
        """Whether a name is one of a variable, and not of a function or class itself."""
        return any(
            binding.kind not in ("def", "class")
            for place in self.places_of(node, module)
            for binding in self._bindings(place)
        )

    def _result(self, call: ast.Call, module: Module) -> None:
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in TAKING
            and not self.program.called_functions(call, module)
        ):
            self.source(call.func.value, module)
            self._all(call.args[1:], module)
            return
        values = self.program.infer(call.func, module)
        for value in values:
            match value:
                case FunctionValue(function=function):
                    self.place(Place(function, ""))
                case External(name=name) if name in GIVING:
                    self._all(call.args, module)
                case ClassValue() if self.objects:
                    pass
                case _:
                    self.journey.others = True
        self.journey.others = self.journey.others or not values

    def _bindings(self, place: Place) -> Iterator[Binding]:
        owner = place.owner
        yield from owner.bindings.get(place.name, ())
        if isinstance(owner, Class):
            yield from owner.attributes.get(place.name, ())
            for below in self.program.subclasses(owner):
                yield from below.bindings.get(place.name, ())
                yield from below.attributes.get(place.name, ())

    def put_there(self, place: Place) -> None:
        """All that is put into a place."""
        if not place.name:
            assert isinstance(place.owner, Function)
            for given in (*place.owner.returns, *place.owner.yields):
                if given.value is not None:
                    self.source(given.value, place.owner.module)
            return
        if isinstance(place.owner, Class) and not self._has_constructor(place.owner):
            self.journey.others = True  # a field: constructors put there what they are given
        for owner in (place.owner, *self._below(place.owner)):
            attributes = owner.attributes if isinstance(owner, Class) else {}
            for binding in (*owner.bindings.get(place.name, ()), *attributes.get(place.name, ())):
                self._bound_by(binding, owner, place)

    def _has_constructor(self, cls: Class) -> bool:
        """Whether making an object puts nothing into its fields by itself."""
        order = self.program.mro(cls)
        return not cls.definition.decorator_list and (
            all(isinstance(base, Class) or base in known.PLAIN_BASES for base in order)
            or any(isinstance(base, Class) and "__init__" in base.bindings for base in order)
        )

    def _below(self, owner: Scope) -> list[Class]:
        return self.program.subclasses(owner) if isinstance(owner, Class) else []

    def _bound_by(self, binding: Binding, owner: Scope, place: Place) -> None:
        module = owner.module
        match binding.kind:
            case "parameter" | "variadic":
                if isinstance(owner, Function) and isinstance(binding.node, ast.arg):
                    self._passed(owner, binding.node)
                else:
                    self.journey.others = True
            case "assign" | "annotated" | "for" | "augmented":
                if binding.value is not None:
                    self.source(binding.value, module)
            case "def":
                function = module.functions[binding.node]
                if isinstance(owner, Class) and self.program.decorators(function):
                    self.place(Place(function, ""))
                else:
                    self.journey.functions.add(function)
            case "class":
                self.journey.classes.add(module.classes[binding.node])
            case _:
                self.journey.others = True

    def _passed(self, function: Function, argument: ast.arg) -> None:
        """What callers pass for a parameter."""
        calls = self.program.calls
        if self.objects:
            return  # what else stands there does not matter, only where the objects go
        static = self.program.decorators(function) == ["builtins.staticmethod"]
        if function.is_method and function.parameters[:1] == [argument] and not static:
            self.journey.others = True
        if calls.unresolved(function) or (function.definition.decorator_list and not static):
            self.journey.others = True
        default = function.default_of(argument)
        if default is not None:
            self.source(default, function.module)
        if any(reference.call is None for reference in calls.references(function)):
            self.journey.others = True
        arguments = function.definition.args
        callers = calls.calls_of(function)
        if not callers:
            self.journey.others = True  # who calls it is not here
        for call, module in callers:
            if argument is arguments.kwarg:
                self.journey.others = True
            elif argument is arguments.vararg:
                self._all(call.args, module)
            elif given := calls.given(call, module, function, argument):
                for node, home in given:
                    self.source(node, home)
            elif default is None:
                self.journey.others = True
