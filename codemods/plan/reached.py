"""What a test runs: the functions of the application that it reaches, and its own helpers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.facts import Program
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.patches import Patch, patches
from codemods.facts.requests import Requests
from codemods.facts.syntax import Class, Function
from codemods.facts.values import FunctionValue
from codemods.facts.walk import walk

_SET_UP = ("setUp", "asyncSetUp", "setup_method", "setUpClass", "setup_class", "setup")


@dataclass(frozen=True)
class Reach:
    """The functions of the tests that a test runs, and those of the application."""

    harness: frozenset[Function]
    application: frozenset[Function]


class Reached:
    """Answers what a test runs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.requests = Requests(program)
        self._called: dict[Function, frozenset[Function]] = {}
        self._requested: dict[Function, frozenset[Function]] = {}

    def tests(self) -> Iterator[Function]:
        """Every test of the program."""
        return (f for f in self.program.functions() if self.program.web.is_test(f))

    def of(self, test: Function) -> Reach:
        """What one test runs."""
        harness = frozenset(self._harness(test))
        replaced = self._patched(harness)
        overridden = self._overridden(harness)
        begun: set[Function] = set()
        for function in harness:
            begun |= self.called(function) - harness
            for operation in self.requested(function):
                begun |= {operation, *self._depended(operation, overridden)}
        return Reach(harness, self._below(begun, replaced, overridden))

    def _below(
        self, begun: set[Function], replaced: set[Function], overridden: set[Function]
    ) -> frozenset[Function]:
        reached: set[Function] = set()
        waiting = list(begun)
        while waiting:
            function = waiting.pop()
            if function not in reached:
                reached.add(function)
                waiting.extend(self.called(function) - replaced - overridden)
        return frozenset(reached)

    def _depended(self, operation: Function, overridden: set[Function]) -> set[Function]:
        """The dependencies of a path operation, without those that something stands in for."""
        reached: set[Function] = set()
        waiting = [operation]
        while waiting:
            for asked in self.program.web.asked(waiting.pop()):
                if asked not in overridden and asked not in reached:
                    reached.add(asked)
                    waiting.append(asked)
        return reached

    # -- the tests' own ----------------------------------------------------------------------

    def _harness(self, test: Function) -> set[Function]:
        """A test, its fixtures and its helpers."""
        found: set[Function] = set()
        waiting = [test, *self._set_up(test), *self._automatic(test)]
        while waiting:
            function = waiting.pop()
            if function in found:
                continue
            found.add(function)
            waiting.extend(self._fixtures(function))
            waiting.extend(f for f in self.called(function) if self._is_own(f))
        return found

    def _is_own(self, function: Function) -> bool:
        return self.program.web.in_tests(function.module)

    def _set_up(self, test: Function) -> Iterator[Function]:
        if isinstance(test.parent, Class):
            for base in self.program.mro(test.parent):
                if isinstance(base, Class):
                    yield from (m for m in base.methods if m.name in _SET_UP)

    def _automatic(self, test: Function) -> Iterator[Function]:
        """Fixtures that nothing asks for by name: ``autouse``."""
        for fixture in self._autouse:
            if isinstance(fixture.parent, Class):
                near = fixture.parent is test.parent
            elif fixture.module.path.rpartition("/")[2] == "conftest.py":
                near = not fixture.module.folder or f"{test.module.folder}/".startswith(
                    f"{fixture.module.folder}/"
                )
            else:
                near = fixture.module is test.module
            if near:
                yield fixture

    @cached_property
    def _autouse(self) -> list[Function]:
        return [
            fixture
            for fixtures in self.program.web.fixtures.values()
            for fixture in fixtures
            for decorator in fixture.definition.decorator_list
            if isinstance(decorator, ast.Call)
            and any(k.arg == "autouse" for k in decorator.keywords)
        ]

    def _fixtures(self, function: Function) -> Iterator[Function]:
        web = self.program.web
        names = [argument.arg for argument in function.parameters]
        for decorator in function.definition.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(
                "usefixtures"
            ):
                names += [str(a.value) for a in decorator.args if isinstance(a, ast.Constant)]
        for name in names:
            fixture = web.fixture(function, name)
            if fixture is not None:
                yield fixture

    # -- what stands in ----------------------------------------------------------------------

    def _overridden(self, harness: frozenset[Function]) -> set[Function]:
        """The dependencies that something of the tests stands in for."""
        found: set[Function] = set()
        modules = {function.module for function in harness}
        for override in self.program.web.overrides:
            around = override.module.function_of(override.statement)
            if around in harness or (around is None and override.module in modules):
                found |= {
                    v.function
                    for v in self.program.infer(override.original, override.module)
                    if isinstance(v, FunctionValue)
                }
        return found

    def _patched(self, harness: frozenset[Function]) -> set[Function]:
        return {f for patch in self._patches if patch.function in harness for f in patch.functions}

    @cached_property
    def _patches(self) -> list[Patch]:
        return patches(self.program)

    # -- calls -------------------------------------------------------------------------------

    def called(self, function: Function) -> frozenset[Function]:
        """The functions that a function calls or hands on, and those within it."""
        found = self._called.get(function)
        if found is None:
            module, calls = function.module, self.program.calls
            reached: set[Function] = set()
            for node in walk(function.definition):
                inner = module.functions.get(node)
                if inner is not None and inner is not function:
                    reached.add(inner)
                if isinstance(node, ast.Call):
                    # A method that is called is that of its object, not all that override it.
                    reached.update(self._dispatched(node, module) or calls.targets(node, module))
                    for argument in (*node.args, *(k.value for k in node.keywords)):
                        if isinstance(argument, ast.Name | ast.Attribute):
                            reached.update(self._meant(argument, function))
            found = self._called[function] = frozenset(reached)
        return found

    def _dispatched(self, call: ast.Call, module: Module) -> frozenset[Function]:
        if not isinstance(call.func, ast.Name | ast.Attribute):
            return frozenset()
        return self.program.calls.dispatched(Reference(call.func, module, call))

    def _meant(self, node: ast.expr, function: Function) -> Iterator[Function]:
        for value in self.program.infer(node, function.module):
            if isinstance(value, FunctionValue):
                yield value.function

    def requested(self, function: Function) -> frozenset[Function]:
        """The path operations that a function of the tests asks for."""
        found = self._requested.get(function)
        if found is None:
            found = self._requested[function] = frozenset(
                operation
                for node in walk(function.definition)
                if isinstance(node, ast.Call)
                for operation in self.requests.asked(node, function.module)
            )
        return found
