"""Properties that wait: ``await self.owner``, where every read of the property is known."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.schemas import BASE_MODEL
from codemods.facts.syntax import Class, Function, Scope
from codemods.facts.values import ClassValue, Instance

PROPERTY, CACHED = "builtins.property", "functools.cached_property"
#: What reads the attributes of any object: templates, and mocks that stand in for properties.
_READERS = ("TemplateResponse", "get_template", "PropertyMock")


class Properties:
    """What is known of the properties of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._reads: dict[Function, tuple[list[tuple[ast.Attribute, Module]], str]] = {}

    def reads(self, function: Function) -> list[tuple[ast.Attribute, Module]]:
        """The places that read a property."""
        return self._found(function)[0]

    def obstacle(self, function: Function) -> str:
        """Why a property can't become async, or ""."""
        kinds = self.program.decorators(function)
        cls = function.parent
        if kinds not in ([PROPERTY], [CACHED]) or not isinstance(cls, Class):
            return "is a property"
        if self.program.models.is_mapped(cls) or self.program.is_subclass(cls, BASE_MODEL):
            return f"is a property of {cls.name}, which is read by its library"
        if self._is_plain_elsewhere(cls, function.name):
            return "is a property here and an attribute elsewhere in its family"
        if function.is_generator:
            return "is a property that gives a generator"
        if kinds == [CACHED] and not _returns_at_its_end(function):
            return "is a cached property that may end without a return"
        if self.program.modules.mentioning(_READERS):
            return "is a property that a template or a mock may stand for"
        return self._found(function)[1]

    def _is_plain_elsewhere(self, cls: Class, name: str) -> bool:
        """Whether a class of the family has something else under the name of a property."""
        family = {cls, *self.program.subclasses(cls)}
        family |= {base for base in self.program.mro(cls) if isinstance(base, Class)}
        for other in family:
            bindings = other.bindings.get(name, ())
            if other.attributes.get(name) or len(bindings) > 1:
                return True
            if any(b.node not in other.module.functions for b in bindings):
                return True
        return False

    def _found(self, function: Function) -> tuple[list[tuple[ast.Attribute, Module]], str]:
        if function not in self._reads:
            self._reads[function] = self._find(function)
        return self._reads[function]

    def _find(self, function: Function) -> tuple[list[tuple[ast.Attribute, Module]], str]:
        found: list[tuple[ast.Attribute, Module]] = []
        assert isinstance(function.parent, Class)
        family = {f.parent for f in self.program.calls.family(function)}
        for module in self.program.modules.mentioning((function.name,)):
            for node in module.syntax.parents:
                if not isinstance(node, ast.Attribute) or node.attr != function.name:
                    continue
                where = f"{module.path}:{node.lineno}"
                values = self.program.infer(node.value, module)
                if not values and not self._is_method(node, function, module):
                    what = ast.unparse(node)
                    return found, f"is a property that `{what}` may mean in {where}"
                classes = [v.cls for v in values if isinstance(v, Instance | ClassValue)]
                ours = [c for c in classes if self._has(c, family)]
                if not ours:
                    continue
                if len(ours) < len(values) or not isinstance(node.ctx, ast.Load):
                    return found, f"is a property that is not only read in {where}"
                if any(isinstance(value, ClassValue) for value in values):
                    return found, f"is a property that is read of its class in {where}"
                found.append((node, module))
        return found, ""

    def _has(self, cls: Class | str, family: set[Scope | None]) -> bool:
        """Whether the property is found on an object of a class, or of one below it."""
        if isinstance(cls, str):
            return False
        related = {*self.program.mro(cls), *self.program.subclasses(cls)}
        return bool(related & family)

    def _is_method(self, node: ast.Attribute, function: Function, module: Module) -> bool:
        """Whether something unknown is called: no object of the property's value can be."""
        parent = module.parent(node)
        if not (isinstance(parent, ast.Call) and parent.func is node):
            return False
        values = self.program.inference.returned(function)
        return bool(values) and all(
            isinstance(v, Instance)
            and isinstance(v.cls, Class)
            and "__call__" not in v.cls.bindings
            for v in values
        )


def _returns_at_its_end(function: Function) -> bool:
    return isinstance(function.definition.body[-1], ast.Return | ast.Raise) and all(
        statement.value is not None for statement in function.returns
    )
