"""Tasks that middleware, and functions that requests reach or not, start and forget."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codemods.edits.templates import holes_of
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.tasks import dropped_task, kept_task, never_ends, never_let_go
from codemods.facts.values import FunctionValue, Instance
from codemods.passes.middleware_tasks.callees import Callees
from codemods.plan.keeper import VALUES
from codemods.plan.places import place_obstacle

#: What tasks that are given one of these wait for is done by somebody else.
_TOGETHER = ("asyncio.", "anyio.")
#: Kinds of values that end with their request, and that tasks were given before as well.
_OF_REQUEST = ("request", "response", "scope")
#: Why a task outside of all requests is left.
_UNREACHED = "no request leads to it: put it into a set that lasts until the task is done"


@dataclass(frozen=True)
class Dropped:
    """A statement that starts a task which nobody holds; ``work`` is the coroutine's call.

    Or one that is ``kept`` for ever.
    """

    function: Function
    statement: ast.Expr | ast.Assign | ast.AnnAssign
    call: ast.Call
    work: ast.Call | None
    reason: str = ""
    kept: bool = False

    @property
    def module(self) -> Module:
        """The module of the statement."""
        return self.function.module

    @property
    def what(self) -> str:
        """What the task does, as the code says it."""
        return ast.unparse(self.work.func if self.work is not None else self.call)


class Dropping:
    """Finds the tasks that nobody holds, but for those of path operations.

    Those ask for the queue of the application, which is the matter of another pass. What no
    request leads to (start-up, scripts, workers) is reported: its tasks may be meant to last.
    """

    def __init__(self, program: Program, callees: Callees) -> None:
        self.program = program
        self.callees = callees
        self.plain = callees.plain

    def find(self, middleware: Iterable[Function]) -> Iterator[Dropped]:
        """All of them, in the order of the modules and lines."""
        routes = self.program.web.routes
        roots = [*middleware, *routes, *self._dependencies()]
        reached = self._reached(roots)
        for function in sorted(reached | set(self._others()), key=_place):
            if function in routes or "asyncio" not in function.module.identifiers:
                continue
            for node in function.nodes:
                if not isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign):
                    continue
                if node.value is None:
                    continue
                if function.module.function_of(node.value) is not function:
                    continue
                call = dropped_task(self.program, node, function)
                if call is not None:
                    work = call.args[0] if call.args else None
                    made = work if isinstance(work, ast.Call) else None
                    reason = _UNREACHED
                    if function in reached:
                        reason = self._reason(node, call, made, function)
                    yield Dropped(function, node, call, made, reason)
                elif function in reached:
                    yield from self._kept(node, function)

    def _kept(
        self, statement: ast.Expr | ast.Assign | ast.AnnAssign, function: Function
    ) -> Iterator[Dropped]:
        kept = kept_task(self.program, statement, function)
        if kept is not None:
            work = kept.call.args[0] if kept.call.args else None
            made = work if isinstance(work, ast.Call) else None
            yield Dropped(function, statement, kept.call, made, never_let_go(kept), kept=True)

    def _others(self) -> Iterator[Function]:
        """The functions of the application that start tasks, whoever calls them."""
        for module in self.program.modules.mentioning(("create_task", "ensure_future")):
            if not self.program.web.in_tests(module):
                yield from module.functions.values()

    def _dependencies(self) -> Iterator[Function]:
        """The functions that a ``Depends`` names, in a signature or in a list."""
        for module in self.program.modules.mentioning(("Depends", "Security")):
            for name in ("Depends", "Security"):
                for call in module.syntax.calls.get(name, ()):
                    for argument in call.args[:1]:
                        made = ast.Call(func=argument, args=[], keywords=[])
                        yield from self.program.called_functions(made, module)

    def _reached(self, roots: Iterable[Function]) -> set[Function]:
        seen: set[Function] = set()
        waiting = list(roots)
        while waiting:
            function = waiting.pop()
            if function in seen or self.program.web.in_tests(function.module):
                continue
            seen.add(function)
            for node in ast.walk(function.definition):
                if isinstance(node, ast.Call):
                    waiting += self.program.called_functions(node, function.module)
        return seen

    # -- why it stays ------------------------------------------------------------------------

    def _reason(
        self,
        statement: ast.Expr | ast.Assign | ast.AnnAssign,
        call: ast.Call,
        work: ast.Call | None,
        function: Function,
    ) -> str:
        module = function.module
        if isinstance(statement, ast.AnnAssign):
            return "its name has an annotation"
        if not function.is_async:
            return f"{function.name} is not async, and can't wait for its place"
        if why := place_obstacle(self.program, call, module):
            return f"it stands {why}"
        if work is None:
            return "the coroutine is made somewhere else"
        if any(keyword.arg != "name" for keyword in call.keywords) or len(call.args) != 1:
            return "it is started in a context of its own"
        if is_replaced(statement, call) and holes_of(module.source(call)):
            return "its arguments can't be written anew"
        values = self.program.infer(work.func, module)
        functions = [v.function for v in values if isinstance(v, FunctionValue)]
        name = ast.unparse(work.func)
        if len(functions) != len(values) or not functions:
            return f"what {name} does is not known"
        for called in functions:
            if not called.is_async or called.is_generator or called.definition.decorator_list:
                return f"{name} is not known to be an async function"
            if never_ends(called):
                return f"{name} never ends, and would keep a place"
        return self._arguments(work, functions, module)

    def _arguments(self, work: ast.Call, functions: list[Function], module: Module) -> str:
        for argument in (*work.args, *(keyword.value for keyword in work.keywords)):
            for value in self.program.infer(argument, module):
                if isinstance(value, Instance) and str(value.cls).startswith(_TOGETHER):
                    return f"{ast.unparse(argument)} makes it work together with other tasks"
            kind = self.plain.kind(argument, module)
            if kind in VALUES:
                if reason := self.callees.needs_more(work, functions, argument, kind):
                    return f"it is given what ends with the request: {reason}"
                continue
            if kind in _OF_REQUEST:
                continue
            if reason := self.plain.reason(argument, module):
                return f"it is given what ends with the request: {reason}"
        return ""


def is_replaced(statement: ast.Expr | ast.Assign | ast.AnnAssign, call: ast.Call) -> bool:
    """Whether the whole statement is written anew: what is assigned, or put into a list."""
    return isinstance(statement, ast.Assign) or statement.value is not call


def _place(function: Function) -> tuple[str, int]:
    return function.module.path, function.definition.lineno


__all__ = ["Dropped", "Dropping"]
