"""Commands and jobs that share functions with the service: each runs on an event loop of its own.

What a library or the shell calls, and does not await, stays ``def``; the part of its body that
waits goes into an inner coroutine function, which ``asyncio.run`` runs. No connection outlives
such a loop: a command disposes of the engines that it used, at the end.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.entries import Entry, Kind
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue
from codemods.passes.async_session.colour.islands import has_memory_database
from codemods.passes.async_session.sessions.engines_of import EngineName, engines_of
from codemods.passes.async_session.sessions.sites import Site
from codemods.plan.climb import Cause, is_main_block
from codemods.plan.colours import Colouring

#: What runs an event loop itself, or calls commands and jobs: not within another one.
_RUNNERS = frozenset(
    {
        "asyncio.run",
        "asyncio.Runner.run",
        f"{known.LOOP}.run_until_complete",
        f"{known.LOOP}.run_forever",
        "anyio.run",
        "trio.run",
        "uvicorn.run",
        "uvicorn.Server.run",
        "asgiref.sync.async_to_sync",
        "anyio.from_thread.start_blocking_portal",
        "schedule.run_pending",
        "schedule.run_all",
        "schedule.Scheduler.run_pending",
    }
)
#: What a signal raises: on an event loop it comes as a cancellation, or somewhere else.
_SIGNALS = frozenset(
    {
        "builtins.KeyboardInterrupt",
        "celery.exceptions.SoftTimeLimitExceeded",
        "billiard.exceptions.SoftTimeLimitExceeded",
        "rq.timeouts.JobTimeoutException",
        "rq.exceptions.JobTimeoutException",
    }
)
#: Attributes of a command or task by which the function itself is called.
_ITSELF = frozenset(("run", "callback", "fn", "func", "call_local", "__wrapped__", "__call__"))


@dataclass(frozen=True)
class OwnLoop:
    """An entry whose waiting part runs on an event loop of its own.

    The part begins with the statement at ``first`` of the body, and is that statement where it
    stands ``alone``, else all behind it as well. ``engines`` have to be disposed of afterwards.
    """

    entry: Entry
    first: int
    alone: bool
    engines: tuple[EngineName, ...]

    @property
    def statements(self) -> list[ast.stmt]:
        """The statements that go into the coroutine."""
        body = self.entry.function.definition.body
        return body[self.first : self.first + 1] if self.alone else body[self.first :]


class OwnLoops:
    """The entries of a program that can get an event loop of their own."""

    def __init__(self, program: Program, sites: list[Site]) -> None:
        self.program = program
        self.by_function: dict[Function, list[Site]] = {}
        for site in sites:
            if site.function is not None:
                self.by_function.setdefault(site.function, []).append(site)
        #: Entries that can't have a loop of their own, and why.
        self.closed: dict[Function, Cause] = {}
        self._engines: dict[Function, tuple[EngineName, ...]] = {}
        for function, entry in program.entries.all.items():
            if function.is_async or function.is_generator or not self._is_own(function.module):
                continue
            if why := self._obstacle(entry):
                self.closed[function] = Cause(why)

    def _is_own(self, module: Module) -> bool:
        return not (self.program.web.in_tests(module) or is_migration(module))

    def has(self, function: Function) -> bool:
        """Whether a function can go on being called by something that does not await it."""
        return function in self._engines

    # -- before anything is coloured ---------------------------------------------------------

    def _obstacle(self, entry: Entry) -> str:
        function = entry.function
        what = f"is {entry.what}, which nobody awaits"
        if entry.kind is not Kind.COMMAND:
            return what
        if why := self._signature(function) or self._other_callers(function):
            return f"{what}, and {why}"
        if has_memory_database(self.program):
            return f"{what}, and the database ends with its engine: it lives in memory"
        reached = self._reached(function)
        if loop := self._running(reached - {function}):
            return f"{what}, and {loop} runs an event loop"
        engines: dict[EngineName, None] = {}
        for site in (site for other in reached for site in self.by_function.get(other, ())):
            found = engines_of(self.program, site)
            if found is None:
                where = f"{site.module.path}:{site.line}"
                return f"{what}, and the engine used in {where} can't be named to dispose of it"
            engines |= dict.fromkeys(found)
        self._engines[function] = tuple(engines)
        return ""

    def _signature(self, function: Function) -> str:
        """What stands against moving a body into another function."""
        module, definition = function.module, function.definition
        first = definition.body[0]
        if module.lines[first.lineno - 1][: first.col_offset].strip():
            return "it stands on one line"
        if len(self.program.calls.family(function)) > 1:
            return "it belongs to a family of methods"
        for argument in function.parameters:
            taken = self.program.parameter(function, argument)
            if self.program.instances(taken, known.SESSION):
                return "somebody hands it a session"
        for decorator in definition.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            values = self.program.infer(called, module)
            if any(isinstance(value, FunctionValue) for value in values):
                return f"the decorator {ast.unparse(decorator)} is the application's own"
        for node in function.nodes:
            match node:
                case ast.Call(func=ast.Name(id="super" | "locals" | "vars"), args=[]):
                    return f"it calls {ast.unparse(node)}"
                case ast.ExceptHandler(type=ast.expr() as caught):
                    if name := self._signal(caught, module):
                        return f"it catches {name}, which a signal raises"
        return ""

    def _signal(self, caught: ast.expr, module: Module) -> str:
        types = caught.elts if isinstance(caught, ast.Tuple) else [caught]
        names = (self.program.outside_name(one, module) for one in types)
        return next((name.rpartition(".")[2] for name in names if name in _SIGNALS), "")

    def _other_callers(self, function: Function) -> str:
        """Who else calls an entry: it would have to know whether a loop is running."""
        if function in self.program.web.routes or function in self.program.web.depended:
            return "FastAPI calls it as well"
        for reference in self.program.calls.references(function):
            if self._is_harmless(reference):
                continue
            where = f"{reference.module.path}:{reference.node.lineno}"
            how = "is called" if reference.call is not None else "is passed on as a value"
            return f"it {how} in {where}"
        return ""

    def _is_harmless(self, reference: Reference) -> bool:
        """Whether a reference leads to no call within an event loop of the application."""
        module, node = reference.module, reference.node
        if self.program.web.in_tests(module) or node in self.program.entries.registrations:
            return True
        if reference.call is not None:
            return is_main_block(reference.call, module)
        parent = module.parent(node)
        if isinstance(parent, ast.Attribute):
            return parent.attr not in _ITSELF
        call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
        # ``cli.add_command(purge)``: the name stands for what the decorator made.
        return (
            isinstance(call, ast.Call)
            and not self.program.called_functions(call, module)
            and module.function_of(call) is None
        )

    def _reached(self, function: Function) -> set[Function]:
        """A function, and all that it calls, directly or not."""
        found: set[Function] = set()
        waiting = [function]
        while waiting:
            current = waiting.pop()
            if current in found:
                continue
            found.add(current)
            for node in ast.walk(current.definition):
                if isinstance(node, ast.Call):
                    waiting += self.program.called_functions(node, current.module)
                elif inner := current.module.functions.get(node):
                    waiting.append(inner)
        return found

    def _running(self, reached: Collection[Function]) -> str:
        """The function among some that runs an event loop itself."""
        for function in reached:
            for node in function.nodes:
                if isinstance(node, ast.Call) and self._runs(node, function.module):
                    return function.qualname
        return ""

    def _runs(self, call: ast.Call, module: Module) -> bool:
        if self.program.outside_name(call.func, module) in _RUNNERS:
            return True
        return any(
            function in self.program.entries.all
            for function in self.program.called_functions(call, module)
        )

    # -- after colouring ---------------------------------------------------------------------

    def conflicts(self, colours: Colouring, awaited: set[ast.AST]) -> dict[Function, Cause]:
        """The entries whose waiting part can't be told from what runs an event loop itself."""
        return {
            function: Cause(
                f"is {self.program.entries.all[function].what}, and runs an event loop itself"
            )
            for function in self._engines
            if function in colours.asynchronous and self._part(function, awaited) is None
        }

    def found(self, colours: Colouring, awaited: set[ast.AST]) -> list[OwnLoop]:
        """What becomes of the entries that wait."""
        return [
            part
            for function in self._engines
            if function in colours.asynchronous
            and (part := self._part(function, awaited)) is not None
        ]

    def _part(self, function: Function, awaited: set[ast.AST]) -> OwnLoop | None:
        """The part of a body that waits; None where that part runs an event loop itself."""
        entry, engines = self.program.entries.all[function], self._engines[function]
        body = function.definition.body
        waits = [i for i, one in enumerate(body) if any(n in awaited for n in ast.walk(one))]
        if not waits:
            return None
        first, last = waits[0], waits[-1]
        runs = {
            i for i, one in enumerate(body) if any(self._is_run(n, function) for n in ast.walk(one))
        }
        if first == last and _stands_alone(function, first):
            return None if first in runs else OwnLoop(entry, first, True, engines)
        while first > 0 and not _begins(function, first):
            first -= 1
        if not _begins(function, first) or any(index >= first for index in runs):
            return None
        return OwnLoop(entry, first, False, engines)

    def _is_run(self, node: ast.AST, function: Function) -> bool:
        return isinstance(node, ast.Call) and self._runs(node, function.module)


def _bound(function: Function, statements: list[ast.stmt]) -> set[str]:
    """The names of a function that some of its statements bind."""
    nodes = {id(node) for statement in statements for node in ast.walk(statement)}
    return {
        name
        for name, bindings in function.bindings.items()
        if any(id(binding.node) in nodes for binding in bindings)
    }


def _stands_alone(function: Function, index: int) -> bool:
    """Whether one statement can move into a function, and the rest does not need it there."""
    body = function.definition.body
    statement, others = body[index], [*body[:index], *body[index + 1 :]]
    if any(
        isinstance(node, ast.Return) and node in function.returns for node in ast.walk(statement)
    ):
        return False
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Global | ast.Nonlocal):
        return False
    names = _bound(function, [statement])
    used = {node.id for other in others for node in ast.walk(other) if isinstance(node, ast.Name)}
    return not names & used and not names & function.outer_names and _first_of_line(body, index)


def _begins(function: Function, index: int) -> bool:
    """Whether all statements from one on can move into a function together."""
    body = function.definition.body
    if not _first_of_line(body, index):
        return False
    before, behind = _bound(function, body[:index]), _bound(function, body[index:])
    parameters = {argument.arg for argument in function.parameters}
    outer = function.outer_names if index else set()
    return not (before - parameters) & behind and not outer & behind


def _first_of_line(body: list[ast.stmt], index: int) -> bool:
    neighbours = body[max(0, index - 1) : index] + body[index + 1 : index + 2]
    return all(other.lineno != body[index].lineno for other in neighbours)


def parameters_bound(own: OwnLoop) -> list[ast.arg]:
    """The parameters that the part binds anew: the coroutine needs them as its own."""
    function = own.entry.function
    bound = _bound(function, own.statements)
    return [argument for argument in function.parameters if argument.arg in bound]
