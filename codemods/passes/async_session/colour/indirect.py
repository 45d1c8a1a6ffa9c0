"""Calls of something unknown that may run a function which stays sync.

A hook in a list, a command in a registry, a function that is looked up by name: the function
keeps its sync session, and whoever calls it names it nowhere. What makes such a call must not
come to stand on the event loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External, FunctionValue, Instance, Method
from codemods.passes.async_session.colour.callees import Callees
from codemods.passes.async_session.colour.escapes import WAITING
from codemods.passes.async_session.colour.lookups import Lookups
from codemods.plan.climb import Cause
from codemods.plan.colours import Colouring
from codemods.plan.surroundings import fits


class Indirect:
    """The unknown calls of a program, and the functions that they may mean."""

    def __init__(self, program: Program, lookups: Lookups) -> None:
        self.program = program
        self.lookups = lookups
        self.callees = Callees(program)
        self._taken: dict[Function, bool] = {}
        self._calls: list[tuple[ast.Call, Module]] | None = None

    def conflicts(self, colours: Colouring) -> dict[Function, Cause]:
        """The functions that may run something sync by a call that names nobody."""
        sync = [f for f in colours.sync if not f.is_async]
        sync = [f for f in sync if not self.program.web.in_tests(f.module)]
        stuck = [f for f in sync if self._is_taken(f)]
        dynamic = {f for meant in self.lookups.calls.values() for f in meant}
        if not stuck and dynamic.isdisjoint(sync):
            return {}
        found: dict[Function, Cause] = {}
        awaited = {one.call for one in colours.calls}
        for call, module in self.unknown:
            if call in awaited:
                continue  # all that it stands for is known
            holder = module.function_of(call)
            if holder is None or holder in colours.sync or self.program.web.in_tests(module):
                continue
            for function in self.meant(call, module, sync if call in self.lookups.calls else stuck):
                if function is not holder:
                    text = f"may call {function.qualname} by `{ast.unparse(call.func)}`"
                    found.setdefault(holder, Cause(f"{text} in {module.path}:{call.lineno}"))
        return found

    def given_sessions(self) -> Iterator[tuple[ast.Call, Module, ast.expr, Function]]:
        """The unknown calls of tests that hand a session to a function which may be sync."""
        for call, module in self.unknown:
            if not self.program.web.in_tests(module) or not call.args:
                continue
            first = call.args[0]
            if not self.program.is_a(first, module, known.SESSION):
                continue
            for function in self.meant(call, module, self._named_by_nobody):
                yield call, module, first, function
                break

    @property
    def unknown(self) -> list[tuple[ast.Call, Module]]:
        """The calls of which nothing is known, or which name nobody that they call."""
        if self._calls is None:
            self._calls = [
                (call, module)
                for module in self.program.modules
                for calls in module.syntax.calls.values()
                for call in calls
                if self._is_unknown(call, module)
            ]
        return self._calls

    def _is_unknown(self, call: ast.Call, module: Module) -> bool:
        if isinstance(module.parent(call), ast.Await):
            return False
        if call in self.lookups.calls:
            return True
        values = self.program.infer(call.func, module)
        return not values or any(
            (isinstance(value, FunctionValue) and not _is_named(call, value.function, module))
            or (isinstance(value, Instance) and value.cls == known.CALLABLE)
            for value in values
        )

    def meant(
        self, call: ast.Call, module: Module, functions: list[Function]
    ) -> Iterator[Function]:
        """Which of these functions an unknown call may mean."""
        if call in self.lookups.calls:
            yield from (f for f in functions if f in self.lookups.calls[call])
            return
        values = self.program.infer(call.func, module)
        targets: frozenset[Function] | None
        targets = frozenset(v.function for v in values if isinstance(v, FunctionValue))
        targets = targets or self.callees.of(call, module)
        if targets is not None and not targets:
            return
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        for function in functions:
            if targets and function not in targets:
                continue
            if (not name or name == function.name) and fits(call, function):
                yield function

    # -- functions that are called by who does not name them ----------------------------------

    def _is_taken(self, function: Function) -> bool:
        if function not in self._taken:
            self._taken[function] = (
                function in self.lookups.gone
                or self._is_registered(function)
                or any(
                    reference.call is None and self._is_kept(reference.node, reference.module)
                    for reference in self.program.calls.references(function)
                )
            )
        return self._taken[function]

    def _is_registered(self, function: Function) -> bool:
        """Whether a decorator of the application's own, or an unknown one, gets it."""
        for decorator in function.definition.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            values = self.program.infer(called, function.module)
            ours = not values or any(isinstance(value, FunctionValue) for value in values)
            ours = ours and not self._is_made_outside(called, function.module)
            if ours and not self.program.outside_name(called, function.module):
                return True
        return False

    def _is_made_outside(self, decorator: ast.expr, module: Module) -> bool:
        """Whether a decorator belongs to what a library made of a function: ``@cli.command()``."""
        if not isinstance(decorator, ast.Attribute):
            return False
        owners = self.program.infer(decorator.value, module)
        return bool(owners) and all(
            isinstance(owner, FunctionValue)
            and any(self.program.decorators(owner.function))
            and all(self.program.decorators(owner.function))
            for owner in owners
        )

    def _is_kept(self, node: ast.AST, module: Module) -> bool:
        """Whether a value goes to where the application calls it, not to a library."""
        parent = module.parent(node)
        call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
        if isinstance(call, ast.Call):
            values = self.program.infer(call.func, module)
            if values and all(isinstance(value, Method) for value in values):
                # ``pool.submit(function)``; what a list keeps comes out of it again.
                return any(
                    isinstance(value, Method)
                    and (not isinstance(value.owner.cls, str) or _is_container(value.owner.cls))
                    for value in values
                )
            return not any(isinstance(value, External) for value in values)
        return isinstance(parent, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Assign)

    @cached_property
    def _named_by_nobody(self) -> list[Function]:
        """Functions that take a session without a type, and that a lookup or a registry has."""
        return [
            function
            for module in self.program.modules
            if not self.program.web.in_tests(module)
            for function in module.functions.values()
            if _takes_session(self.program, function) and self._is_taken(function)
        ]


def _is_container(name: str) -> bool:
    return name.startswith(("builtins.", "collections.", "queue.", "asyncio.Queue"))


def _is_named(call: ast.Call, function: Function, module: Module) -> bool:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == function.name or name in module.syntax.aliases.get(function.name, ())
    return False


def _takes_session(program: Program, function: Function) -> bool:
    """Whether the first parameter, of which nothing is known, is used as a session."""
    parameters = function.parameters[1 if function.is_method else 0 :]
    if function.is_async or not parameters or parameters[0].annotation is not None:
        return False
    first = parameters[0]
    used = any(
        isinstance(node, ast.Attribute)
        and node.attr in WAITING
        and isinstance(node.value, ast.Name)
        and node.value.id == first.arg
        for node in function.nodes
    )
    return used and not program.parameter(function, first)
