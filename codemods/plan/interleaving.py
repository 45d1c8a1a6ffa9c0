"""What other requests could do in the gap that a new ``await`` opens.

An ``async def`` without an ``await`` is never interrupted: what it read is still true when it
writes. Each await that is put there ends that.
"""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External, FunctionValue, Instance, Method
from codemods.facts.walk import own_nodes
from codemods.plan.shared import Access, SharedState, end
from codemods.plan.shared_keys import DATABASE, DISK, describe, overlap

_LOCKS = ("asyncio.Lock", "anyio.Lock", "asyncio.Condition")
#: What gives up the event loop whenever it is awaited.
_SUSPENDING = frozenset(
    """asyncio.sleep asyncio.to_thread anyio.sleep anyio.to_thread.run_sync
    starlette.concurrency.run_in_threadpool""".split()
)
_SUSPENDING_CLASSES = (
    known.ASYNC_SESSION,
    known.ASYNC_CONNECTION,
    known.ASYNC_ENGINE,
    "httpx.AsyncClient",
)
_SESSIONS = (known.SESSION, known.CONNECTION)
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match, ast.IfExp)


class Interleaving:
    """Finds what a new await would break."""

    def __init__(self, program: Program, state: SharedState) -> None:
        self.program = program
        self.state = state
        self._suspends: dict[Function, bool] = {}
        self._sessions: dict[Function, bool] = {}

    def conflict(self, call: ast.expr | ast.stmt, function: Function) -> str:
        """Why a call in ``function`` must go on without a pause, or ""."""
        return self._conflict(call, function, set())

    def _conflict(self, call: ast.expr | ast.stmt, function: Function, seen: set[Function]) -> str:
        if function in seen:
            return ""
        seen.add(function)
        if self.holds_session(function):
            return (
                f"{function.name} has a sync session open, and other requests would wait for its "
                "connection on the event loop"
            )
        if why := self.gap(call, function):
            return why
        if self.suspends(function):
            return ""
        for reference in self.program.calls.references(function):
            if reference.call is None:
                continue
            caller = reference.module.function_of(reference.call)
            if caller is None or not caller.is_async or self.program.web.in_tests(caller.module):
                continue
            if why := self._conflict(reference.call, caller, seen):
                return why
        return ""

    # -- one function ------------------------------------------------------------------------

    def gap(self, call: ast.expr | ast.stmt, function: Function) -> str:
        """What is read before an await and written after it."""
        accesses = [a for a in self.state.accesses(function) if a.node is not call]
        own = [a for a in self.state.accesses(function) if a.node is call]
        loop = _outermost_loop(call, function)
        for write in accesses + own:
            if not write.writes and not self.state.removed_by_functions(write.key):
                continue
            for other in accesses + own:
                if other is write or not overlap(other.key, write.key):
                    continue
                if other.node is write.node and write.node is call:
                    continue
                if not self._matters(other, write):
                    continue
                if self._straddles(other, write, call, loop, function):
                    return _between(other, write)
        return ""

    @staticmethod
    def _matters(first: Access, second: Access) -> bool:
        """Whether the order of two accesses, of which the second one writes, has to hold."""
        if first.key == DISK:
            return first.node is not second.node
        return not first.writes

    def _straddles(
        self,
        first: Access,
        second: Access,
        call: ast.expr | ast.stmt,
        loop: ast.AST | None,
        function: Function,
    ) -> bool:
        """Whether the pause is between two accesses, with nothing that keeps them together."""
        pause = end(call)
        before = first.place <= pause or _is_inside(first.node, loop, function.module)
        after = second.place >= pause or _is_inside(second.node, loop, function.module)
        if not before or not after or (first.node is call and second.place < pause):
            return False
        if self._locked(call, first.node, second.node, function.module):
            return False
        if first.key in (DISK, DATABASE):
            return True
        return not self._interrupted(first, second, function)

    def _locked(
        self, call: ast.expr | ast.stmt, first: ast.AST, second: ast.AST, module: Module
    ) -> bool:
        """Whether an asyncio.Lock is held over the pause and both accesses."""
        for parent in module.ancestors(call):
            if isinstance(parent, ast.AsyncWith) and any(
                self.program.is_a(item.context_expr, module, *_LOCKS) for item in parent.items
            ):
                return all(_is_inside(node, parent, module) for node in (first, second))
        return False

    def _interrupted(self, first: Access, second: Access, function: Function) -> bool:
        """Whether something between two accesses gives up the loop anyway."""
        module = function.module
        for node in own_nodes(function):
            if not isinstance(node, ast.Await) or not self._gives_up(node, module):
                continue
            if not first.place < end(node) <= second.place:
                continue
            branches = {
                parent for parent in module.ancestors(node) if isinstance(parent, _BRANCHES)
            }
            if all(_is_inside(second.node, branch, module) for branch in branches):
                return True
        return False

    # -- what gives up the loop --------------------------------------------------------------

    def suspends(self, function: Function) -> bool:
        """Whether awaiting a function of the application gives up the loop in any case."""
        if function not in self._suspends:
            self._suspends[function] = False
            module = function.module
            self._suspends[function] = any(
                self._gives_up(node, module)
                for statement in function.definition.body
                if not isinstance(statement, _BRANCHES)
                for node in ast.walk(statement)
                if isinstance(node, ast.Await) and module.function_of(node) is function
            )
        return self._suspends[function]

    def _gives_up(self, node: ast.Await, module: Module) -> bool:
        if not isinstance(node.value, ast.Call):
            return False
        values = self.program.infer(node.value.func, module)
        return bool(values) and all(self._is_suspending(value) for value in values)

    def _is_suspending(self, value: object) -> bool:
        match value:
            case External(name=name):
                return name in _SUSPENDING
            case FunctionValue(function=function):
                return function.is_async and self.suspends(function)
            case Method(owner=Instance(cls=cls)):
                return any(self.program.is_subclass(cls, base) for base in _SUSPENDING_CLASSES)
        return False

    # -- sync sessions -----------------------------------------------------------------------

    def holds_session(self, function: Function) -> bool:
        """Whether a function has, or its dependencies have, a sync session or connection."""
        if function not in self._sessions:
            self._sessions[function] = False
            self._sessions[function] = self._holds(function)
        return self._sessions[function]

    def _holds(self, function: Function) -> bool:
        module, web = function.module, self.program.web
        for argument in function.parameters:
            if self.program.instances_of(self.program.parameter(function, argument), _SESSIONS):
                return True
            depends = web.depends(function, argument)
            if depends is not None and any(
                self.holds_session(given) for given in web.dependency_functions(depends)
            ):
                return True
        for route in web.routes.get(function, ()):
            for given in self._route_dependencies(route.call, route.module):
                if self.holds_session(given):
                    return True
        return any(
            self.program.is_a(node, module, *_SESSIONS)
            for node in own_nodes(function)
            if isinstance(node, ast.Name | ast.Call | ast.Attribute)
        )

    def _route_dependencies(self, call: ast.Call, module: Module) -> list[Function]:
        """The functions in ``dependencies=[Depends(...)]`` of a path operation and its router."""
        calls = [(call, module)]
        if isinstance(call.func, ast.Attribute):
            router = self.program.definition(call.func.value, module)
            if router is not None and isinstance(router[0], ast.Call):
                calls.append((router[0], router[1]))
        calls += self._including()
        found: list[Function] = []
        for made, where in calls:
            for keyword in made.keywords:
                if keyword.arg != "dependencies":
                    continue
                for node in ast.walk(keyword.value):
                    if isinstance(node, ast.Name | ast.Attribute):
                        found += [
                            value.function
                            for value in self.program.infer(node, where)
                            if isinstance(value, FunctionValue)
                        ]
        return found

    def _including(self) -> list[tuple[ast.Call, Module]]:
        """The calls that include a router or make an application."""
        return [
            (call, module)
            for module in self.program.modules.mentioning(("include_router", "FastAPI"))
            for name in ("include_router", "FastAPI")
            for call in module.syntax.calls.get(name, ())
        ]


def _between(first: Access, second: Access) -> str:
    what, lines = describe(second.key), (_line(first.node), _line(second.node))
    if not second.writes:
        return (
            f"{what} is used in line {lines[0]} and again in line {lines[1]}, and another request "
            "could remove it between the two"
        )
    return (
        f"{what} is used in line {lines[0]} and changed in line {lines[1]}; another request could "
        "come between the two: hold an asyncio.Lock around both"
    )


def _outermost_loop(call: ast.expr | ast.stmt, function: Function) -> ast.AST | None:
    found = None
    for parent in function.module.ancestors(call):
        if parent is function.definition:
            break
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While | ast.comprehension):
            found = parent
    return found


def _is_inside(node: ast.AST, block: ast.AST | None, module: Module) -> bool:
    return block is not None and any(parent is block for parent in module.ancestors(node))


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)
