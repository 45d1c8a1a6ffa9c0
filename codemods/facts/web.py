"""What FastAPI and pytest make of the code: routes, dependencies, overrides, fixtures."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Instance,
    Values,
    one,
    union,
)
from codemods.source.tests import is_test_path

if TYPE_CHECKING:
    from codemods.facts.program import Program

ROUTE_METHODS = frozenset(
    "get post put patch delete options head trace api_route route websocket websocket_route".split()
)
_APPLICATIONS = (known.FASTAPI, known.ROUTER, "starlette.applications.Starlette")


@dataclass(frozen=True)
class Route:
    """A path operation: its function, the call that registers it and its response model."""

    function: Function
    method: str
    call: ast.Call
    module: Module
    response_model: ast.expr | None = None


@dataclass(frozen=True)
class Dependency:
    """``Depends(callable)`` somewhere; ``expression`` is the callable, in ``module``."""

    expression: ast.expr
    module: Module
    marker: ast.Call


@dataclass(frozen=True)
class Override:
    """``app.dependency_overrides[original] = replacement``."""

    original: ast.expr
    replacement: ast.expr
    module: Module
    statement: ast.stmt


class Web:
    """The web facts of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._dependencies: dict[Function, frozenset[Function]] = {}
        self._fixtures: dict[str, list[Function]] | None = None

    # -- dependencies ------------------------------------------------------------------------

    def depends(self, function: Function, argument: ast.arg) -> Dependency | None:
        """The dependency that a parameter asks for."""
        return self.program.evaluation.once(
            ("depends", argument), lambda: self._depends(function, argument), None
        )

    def _depends(self, function: Function, argument: ast.arg) -> Dependency | None:
        module = function.module
        default = function.default_of(argument)
        if default is not None:
            found = self._marker(default, module, argument.annotation)
            if found is not None:
                return found
        if argument.annotation is not None:
            return self._annotated(argument.annotation, module)
        return None

    def _annotated(self, node: ast.expr, module: Module, depth: int = 0) -> Dependency | None:
        if depth > 10:
            return None
        if isinstance(node, ast.Name | ast.Attribute):
            alias = self.program.type_alias(node, module)
            return self._annotated(*alias, depth + 1) if alias else None
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Tuple)
            and self.program.outside_name(node.value, module) == "typing.Annotated"
        ):
            first, *metadata = node.slice.elts
            for item in metadata:
                if found := self._marker(item, module, first):
                    return found
            return self._annotated(first, module, depth + 1)
        return None

    def _marker(
        self, node: ast.expr, module: Module, annotation: ast.expr | None
    ) -> Dependency | None:
        if not isinstance(node, ast.Call):
            found = self._named_marker(node, module)
            if found is None:
                return None
            node, module = found
        elif not self._is_marker(node, module):
            return None
        target = node.args[0] if node.args else None
        for keyword in node.keywords:
            if keyword.arg == "dependency":
                target = keyword.value
        target = target if target is not None else annotation
        return Dependency(target, module, node) if target is not None else None

    def _is_marker(self, node: ast.expr | None, module: Module) -> bool:
        return isinstance(node, ast.Call) and self.program.outside_name(node.func, module) in (
            known.DEPENDS,
            known.SECURITY,
        )

    def _named_marker(self, node: ast.expr, module: Module) -> tuple[ast.Call, Module] | None:
        """The ``Depends(...)`` that a name stands for, on any of the branches that bind it."""
        home = self.program.home(node, module)
        if home is None:
            return None
        holder, name = home
        for binding in holder.bindings.get(name, ()):
            value = binding.value
            if not isinstance(value, ast.Call) or binding.path:
                continue
            if self._is_marker(value, holder.module):
                return value, holder.module
        return None

    def provided(self, dependency: Dependency) -> Values:
        """What the parameter of a dependency holds."""
        found = []
        inference = self.program.inference
        for value in self.program.infer(dependency.expression, dependency.module):
            match value:
                case FunctionValue(function=function):
                    found.append(self.given(function))
                case ClassValue(cls=cls):
                    found.append(one(Instance(cls)))
                case Instance(cls=cls) if isinstance(cls, Class):
                    for method in inference.instance_attribute(value, "__call__"):
                        if isinstance(method, FunctionValue):
                            found.append(self.given(method.function))
                case Instance(cls=known.SESSIONMAKER | known.SCOPED_SESSION, args=args):
                    found.append(union(args[:1]))
        return union(found)

    def given(self, function: Function) -> Values:
        """What FastAPI passes on from a dependency function."""
        inference = self.program.inference
        if function.is_generator:
            return inference.yielded(function)
        return inference.returned(function)

    def dependencies(self, function: Function) -> frozenset[Function]:
        """The functions that a request runs for the parameters of ``function``, at any depth."""
        found = self._dependencies.get(function)
        if found is None:
            reached: set[Function] = set()
            waiting = [function]
            while waiting:
                current = waiting.pop()
                for argument in current.parameters:
                    depends = self.depends(current, argument)
                    if depends is not None:
                        more = set(self.dependency_functions(depends)) - reached
                        reached |= more
                        waiting.extend(more)
            found = self._dependencies[function] = frozenset(reached)
        return found

    def dependency_functions(self, dependency: Dependency) -> list[Function]:
        """The functions that a dependency calls."""
        found: list[Function] = []
        for value in self.program.infer(dependency.expression, dependency.module):
            match value:
                case FunctionValue(function=function):
                    found.append(function)
                case Instance(cls=cls) if isinstance(cls, Class):
                    for method in self.program.inference.instance_attribute(value, "__call__"):
                        if isinstance(method, FunctionValue):
                            found.append(method.function)
        return found

    def asked(self, function: Function) -> Iterator[Function]:
        """The dependencies that a function asks for itself."""
        for argument in function.parameters:
            depends = self.depends(function, argument)
            if depends is not None:
                yield from self.dependency_functions(depends)

    @cached_property
    def depended(self) -> dict[Function, None]:
        """The functions that FastAPI calls for a parameter, in order."""
        return {
            given: None for function in self.program.functions() for given in self.asked(function)
        }

    # -- routes ------------------------------------------------------------------------------

    @cached_property
    def routes(self) -> dict[Function, list[Route]]:
        """The path operations by function."""
        found: dict[Function, list[Route]] = {}
        for module in self.program.modules.mentioning(("fastapi", "APIRouter", "router", "app")):
            for function in module.functions.values():
                for decorator in function.definition.decorator_list:
                    route = self._route(function, decorator, module)
                    if route is not None:
                        found.setdefault(function, []).append(route)
            for method in ROUTE_METHODS:
                for call in module.syntax.calls.get(method, ()):
                    for route in self._decorated_by_hand(call, module):
                        found.setdefault(route.function, []).append(route)
            for name in ("add_api_route", "add_api_websocket_route", "add_route"):
                for call in module.syntax.calls.get(name, ()):
                    for route in self._added(call, module):
                        found.setdefault(route.function, []).append(route)
        return found

    def _route(self, function: Function, decorator: ast.expr, module: Module) -> Route | None:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            return None
        method = decorator.func.attr
        if method not in ROUTE_METHODS or not self.is_application(decorator.func.value, module):
            return None
        model = next((k.value for k in decorator.keywords if k.arg == "response_model"), None)
        return Route(function, method, decorator, module, model or function.definition.returns)

    def _decorated_by_hand(self, call: ast.Call, module: Module) -> list[Route]:
        """``router.get("/")(function)``."""
        outer = module.parent(call)
        if not isinstance(outer, ast.Call) or outer.func is not call or len(outer.args) != 1:
            return []
        routes = []
        for value in self.program.infer(outer.args[0], module):
            if isinstance(value, FunctionValue):
                route = self._route(value.function, call, module)
                if route is not None:
                    routes.append(route)
        return routes

    def _added(self, call: ast.Call, module: Module) -> list[Route]:
        assert isinstance(call.func, ast.Attribute)
        if not self.is_application(call.func.value, module):
            return []
        endpoint = call.args[1] if len(call.args) > 1 else None
        model = None
        for keyword in call.keywords:
            if keyword.arg == "endpoint":
                endpoint = keyword.value
            if keyword.arg == "response_model":
                model = keyword.value
        if endpoint is None:
            return []
        return [
            Route(v.function, call.func.attr, call, module, model or v.function.definition.returns)
            for v in self.program.infer(endpoint, module)
            if isinstance(v, FunctionValue)
        ]

    def is_application(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression is a FastAPI application or router."""
        return self.program.is_a(node, module, *_APPLICATIONS)

    # -- overrides ---------------------------------------------------------------------------

    @cached_property
    def overrides(self) -> list[Override]:
        """Every ``dependency_overrides[...] = ...`` of the program."""
        found = []
        for module in self.program.modules.mentioning(("dependency_overrides",)):
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.Assign | ast.Expr):
                    continue
                found.extend(self._overrides(node, module))
        return found

    def shares(self, override: Override) -> bool:
        """Whether an override hands the application a session that belongs to the test."""
        module = override.module
        if isinstance(override.replacement, ast.Lambda):
            body = override.replacement.body
            return isinstance(body, ast.Name) and self._is_session(body, module)
        for value in self.program.infer(override.replacement, module):
            if isinstance(value, FunctionValue) and self._hands_out(value.function):
                return True
        return False

    def _hands_out(self, function: Function) -> bool:
        given = [y.value for y in function.yields if isinstance(y, ast.Yield)]
        given += [r.value for r in function.returns]
        for expression in given:
            if not isinstance(expression, ast.Name):
                continue
            holder = function.lookup(expression.id)
            if (
                isinstance(holder, Function)
                and holder is not function
                and self._is_session(expression, function.module)
            ):
                return True
        return False

    def _is_session(self, node: ast.expr, module: Module) -> bool:
        return self.program.is_a(node, module, known.SESSION, known.ASYNC_SESSION)

    def _overrides(self, node: ast.Assign | ast.Expr, module: Module) -> list[Override]:
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            if isinstance(target, ast.Subscript) and names_overrides(target.value):
                return [Override(target.slice, node.value, module, node)]
            if names_overrides(target) and isinstance(node.value, ast.Dict):
                return self._pairs(node.value, module, node)
            return []
        call = node.value
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "update"
            and names_overrides(call.func.value)
            and call.args
            and isinstance(call.args[0], ast.Dict)
        ):
            return self._pairs(call.args[0], module, node)
        return []

    @staticmethod
    def _pairs(pairs: ast.Dict, module: Module, statement: ast.stmt) -> list[Override]:
        return [
            Override(key, value, module, statement)
            for key, value in zip(pairs.keys, pairs.values, strict=True)
            if key is not None
        ]

    # -- tests -------------------------------------------------------------------------------

    @cached_property
    def fixtures(self) -> dict[str, list[Function]]:
        """The pytest fixtures by the name that tests ask for."""
        found: dict[str, list[Function]] = {}
        for module in self.program.modules.mentioning(("fixture", "yield_fixture")):
            for function in module.functions.values():
                for decorator in function.definition.decorator_list:
                    called = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if self.program.outside_name(called, module) not in (
                        "pytest.fixture",
                        "pytest.yield_fixture",
                        "pytest_asyncio.fixture",
                    ):
                        continue
                    name = function.name
                    if isinstance(decorator, ast.Call):
                        for keyword in decorator.keywords:
                            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                                name = str(keyword.value.value)
                    found.setdefault(name, []).append(function)
        return found

    def fixture(self, function: Function, name: str) -> Function | None:
        """The fixture that a test (or another fixture) gets for the parameter ``name``."""
        candidates = [f for f in self.fixtures.get(name, ()) if f is not function]
        if not candidates or not self.is_pytest(function):
            return None
        return max(candidates, key=lambda f: self._nearness(f, function), default=None)

    @staticmethod
    def _nearness(fixture: Function, function: Function) -> int:
        if fixture.module is function.module:
            return 1000
        here, there = function.module.folder, fixture.module.folder
        inside = here == there or here.startswith(there + "/") or not there
        return len(there.split("/")) if inside else -1

    def is_pytest(self, function: Function) -> bool:
        """Whether pytest calls the function: a test or a fixture."""
        return self.is_test(function) or self.is_fixture(function)

    def is_fixture(self, function: Function) -> bool:
        """Whether the function is a fixture of pytest."""
        return function in self._every_fixture

    @cached_property
    def _every_fixture(self) -> frozenset[Function]:
        return frozenset(function for found in self.fixtures.values() for function in found)

    def is_test(self, function: Function) -> bool:
        """Whether the function is a test; a fixture is none, whatever it is called."""
        name = function.module.path.rpartition("/")[2]
        if not function.name.startswith("test") or self.is_fixture(function):
            return False
        return name.startswith("test_") or name.endswith("_test.py") or name == "tests.py"

    def in_tests(self, module: Module) -> bool:
        """Whether a module belongs to the application's tests."""
        return is_test_path(module.path)


def names_overrides(node: ast.expr) -> bool:
    """Whether an expression is the ``dependency_overrides`` of an application."""
    return isinstance(node, ast.Attribute) and node.attr == "dependency_overrides"


__all__ = ["UNKNOWN", "Dependency", "Override", "Route", "Web"]
