"""What a mock stands for: an object, a class, a function or a module of the application."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.patches import Patch
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Instance,
    ModuleValue,
    Values,
    union,
)
from codemods.passes.async_session.suite.mock_calls import creation, is_mock_class, uses

_DEPTH = 5


@dataclass
class StandIns:
    """Follows mocks to where the application gets them."""

    program: Program
    patches: list[Patch]
    _known: dict[ast.expr, Values] = field(default_factory=dict)

    def of(self, call: ast.expr, module: Module) -> Values:
        """What the mock that a call makes (or a class) stands for, as far as that is known."""
        if call not in self._known:
            self._known[call] = UNKNOWN  # a mock that is told of itself
            found = (self._wanted(node, module) for node in uses(call, module))
            self._known[call] = union(found)
        return self._known[call]

    def means(self, node: ast.expr, module: Module) -> Values:
        """What an expression of a test stands for, be it the thing itself or a mock of it."""
        found = own(self.program.infer(node, module))
        if found:
            return found
        if isinstance(node, ast.Name) and (patched := self._patched(node, module)) is not None:
            return patched.values
        if (call := creation(self.program, node, module)) is not None:
            return self.of(*call)
        if isinstance(node, ast.Attribute):
            owner = self.means(node.value, module)
            if node.attr == "return_value":
                return self._called(owner)
            return own(self.program.inference.attribute(owner, node.attr, module))
        return UNKNOWN

    def _patched(self, node: ast.Name, module: Module) -> Patch | None:
        function = module.function_of(node)
        return next(
            (p for p in self.patches if p.mock == node.id and p.function is function), None
        )

    def _called(self, values: Values) -> Values:
        """What a call of something gives."""
        return union(
            frozenset((Instance(value.cls),))
            if isinstance(value, ClassValue)
            else own(self.program.inference.returned(value.function))
            for value in values
            if isinstance(value, ClassValue | FunctionValue)
        )

    # -- where it goes -----------------------------------------------------------------------

    def _wanted(self, node: ast.expr, module: Module, depth: int = 0) -> Values:
        """What is expected where a mock is used."""
        if depth > _DEPTH:
            return UNKNOWN
        parent = module.parent(node)
        match parent:
            case ast.Assign(targets=[ast.Attribute(value=owner, attr="return_value")]):
                return self._called(self.means(owner, module))
            case ast.Assign(targets=[ast.Subscript()]):
                return self._given_by(node)
            case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)]):
                held = self.program.inference.attribute(self.means(owner, module), name, module)
                return own(held)
            case ast.keyword(arg=str(name)):
                call = module.parent(parent)
                return self._argument(call, node, name, module)
            case ast.Call() if parent.func is not node:
                return self._argument(parent, node, "", module)
            case ast.Lambda(body=body) if body is node:
                return self._given_by(parent)
            case ast.Return() | ast.Yield():
                function = module.function_of(node)
                return self._handed(function, depth) if function is not None else UNKNOWN
        return UNKNOWN

    def _argument(self, call: ast.AST | None, node: ast.expr, name: str, module: Module) -> Values:
        if not isinstance(call, ast.Call):
            return UNKNOWN
        patched = [patch for patch in self.patches if patch.call is call]
        if patched and name == "return_value":
            return self._called(union(patch.values for patch in patched))
        if patched:
            return union(patch.values for patch in patched if patch.new is node)
        if is_mock_class(self.program, call.func, module):
            wanted = self.of(call, module)
            if name == "return_value":
                return self._called(wanted)
            return own(self.program.inference.attribute(wanted, name, module))
        return union(
            own(self.program.parameter(callee, argument))
            for callee in self.program.called_functions(call, module)
            if not self.program.web.in_tests(callee.module)
            for argument in callee.parameters
            if self.program.calls.argument(call, callee, argument) is node
        )

    def _given_by(self, replacement: ast.AST) -> Values:
        """What a lambda or function gives, in the place of what it replaces."""
        web = self.program.web
        found = [
            own(web.given(value.function))
            for override in web.overrides
            if self._is(override.replacement, replacement, override.module)
            for value in self.program.infer(override.original, override.module)
            if isinstance(value, FunctionValue)
        ]
        found += [
            frozenset((Instance(value.cls),))
            for override in web.overrides
            if self._is(override.replacement, replacement, override.module)
            for value in self.program.infer(override.original, override.module)
            if isinstance(value, ClassValue)
        ]
        found += [
            self._called(patch.values)
            for patch in self.patches
            if patch.new is not None and self._is(patch.new, replacement, patch.module)
        ]
        return union(found)

    def _is(self, node: ast.expr, definition: ast.AST, module: Module) -> bool:
        return node is definition or any(
            isinstance(v, FunctionValue) and v.function.definition is definition
            for v in self.program.infer(node, module)
        )

    def _handed(self, function: Function, depth: int) -> Values:
        """What is expected of what a fixture or a replacement gives."""
        web = self.program.web
        names = [name for name, fixtures in web.fixtures.items() if function in fixtures]
        if not names:
            return self._given_by(function.definition)
        return union(
            self._wanted(node, module, depth + 1)
            for name in names
            for module in self.program.modules.mentioning((name,))
            for node in module.syntax.references.get(name, ())
            if isinstance(node, ast.Name)
            and isinstance(asking := module.scope_of(node).lookup(name), Function)
            and any(a.arg == name for a in asking.parameters)
            and web.fixture(asking, name) is function
        )


def own(values: Iterable[object]) -> Values:
    """Those values that the code base itself defines."""
    return frozenset(
        value
        for value in values
        if isinstance(value, ModuleValue | FunctionValue | ClassValue)
        or (isinstance(value, Instance) and isinstance(value.cls, Class))
    )
