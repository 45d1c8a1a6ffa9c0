"""Commands and jobs that share functions with the service: each runs on an event loop of its own.

What a library or the shell calls, and does not await, stays ``def``; the part of its body that
waits goes into an inner coroutine function, which ``asyncio.run`` runs. No connection outlives
such a loop: a command disposes of the engines that it used, at the end, and jobs, of which many
may run at once, use engines without a pool.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.entries import Entry, Kind
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue
from codemods.passes.async_session.colour.islands import has_memory_database
from codemods.passes.async_session.colour.jobs import Jobs
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
#: What tells a queue to run a job where it is sent: of Celery, RQ and Huey.
_AT_ONCE = frozenset(
    """task_always_eager CELERY_TASK_ALWAYS_EAGER CELERY_ALWAYS_EAGER always_eager is_async
    immediate""".split()
)
#: What works off a queue where it is called; another worker has a process for each job.
_WORKERS = ("rq.SimpleWorker.work", "rq.worker.SimpleWorker.work")
#: Attributes of a command or task by which the function itself is called.
_ITSELF = frozenset(("run", "callback", "fn", "func", "call_local", "__wrapped__", "__call__"))


#: What stands around a call that is made once, and what makes it often.
_OFTEN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_ONCE = (ast.expr, ast.keyword, ast.Return, ast.Assign, ast.AnnAssign, ast.Expr, ast.If, ast.Try)


@dataclass(frozen=True)
class OwnLoop:
    """An entry whose waiting part runs on an event loop of its own.

    The part begins with the statement at ``first`` of the body, and is that statement where it
    stands ``alone``, else all behind it as well; where a ``call`` of a coroutine function is all
    that waits, that alone. ``engines`` have to be disposed of afterwards.
    """

    entry: Entry
    first: int
    alone: bool
    engines: tuple[EngineName, ...]
    call: ast.Call | None = None

    @property
    def statements(self) -> list[ast.stmt]:
        """The statements that go into the coroutine."""
        body = self.entry.function.definition.body
        return body[self.first : self.first + 1] if self.alone else body[self.first :]


class OwnLoops:
    """The entries of a program that can get an event loop of their own."""

    def __init__(self, program: Program, sites: list[Site], providers: set[Function]) -> None:
        self.program = program
        self.by_function: dict[Function, list[Site]] = {}
        for site in sites:
            if site.function is not None:
                self.by_function.setdefault(site.function, []).append(site)
        self.jobs = Jobs(program, self.by_function, providers)
        #: Entries that can't have a loop of their own, and why.
        self.closed: dict[Function, Cause] = {}
        self._engines: dict[Function, tuple[EngineName, ...]] = {}
        for function, entry in program.entries.all.items():
            if function.is_async or function.is_generator or not self._is_own(function.module):
                continue
            if why := self._obstacle(entry):
                self._close(entry, why)
        self._close_jobs()

    def _close(self, entry: Entry, why: str) -> None:
        self._engines.pop(entry.function, None)
        self.closed[entry.function] = Cause(f"is {entry.what}, which nobody awaits, and {why}")

    def _close_jobs(self) -> None:
        """A job opens sessions of its own, or it stays: the less of them, the less is theirs."""
        changed = True
        while changed:
            failing = {
                entry: why
                for function in self._engines
                if (entry := self.program.entries.all[function]).kind is Kind.JOB
                and (why := self.jobs.obstacle(function, self._engines.keys()))
            }
            for entry, why in failing.items():
                self._close(entry, why)
            changed = bool(failing)

    def _is_own(self, module: Module) -> bool:
        return not (self.program.web.in_tests(module) or is_migration(module))

    def is_named(self, function: Function) -> bool:
        """Whether a string names an entry only to have it called: that goes on."""
        return self.has(function) and function in self.program.entries.named

    def has(self, function: Function) -> bool:
        """Whether a function can go on being called by something that does not await it."""
        return function in self._engines

    # -- before anything is coloured ---------------------------------------------------------

    def _obstacle(self, entry: Entry) -> str:
        function = entry.function
        if why := self._signature(function) or self._other_callers(function):
            return why
        if has_memory_database(self.program):
            return "the database ends with its engine: it lives in memory"
        reached = self.jobs.reach.of(function)
        if loop := self._running(other for other in reached if other is not function):
            return f"{loop} runs an event loop"
        engines: dict[EngineName, None] = {}
        for site in (site for other in reached for site in self.by_function.get(other, ())):
            found = engines_of(self.program, site)
            if found is None:
                where = f"{site.module.path}:{site.line}"
                return f"the engine used in {where} can't be named to dispose of it"
            engines |= dict.fromkeys(found)
        self._engines[function] = tuple(engines) if entry.kind is Kind.COMMAND else ()
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
        if isinstance(parent, ast.Call) and parent.func is node:
            return True
        call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
        # ``cli.add_command(purge)``: the name stands for what the decorator made.
        return (
            isinstance(call, ast.Call)
            and not self.program.called_functions(call, module)
            and module.function_of(call) is None
        )

    def _running(self, reached: Iterable[Function]) -> str:
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
        """The entries that run an event loop themselves where they wait, or run within one."""
        found: dict[Function, Cause] = {}
        for function in self._engines:
            if function not in colours.asynchronous:
                continue
            what = self.program.entries.all[function].what
            if self._part(function, colours, awaited) is None:
                found[function] = Cause(f"is {what}, and runs an event loop itself")
            elif where := self._sent_at_once(function, colours):
                found[function] = Cause(f"is {what}, which runs at once where it is sent, {where}")
            elif what.endswith(" of RQ") and (where := self._worked_off(colours)):
                found[function] = Cause(f"is {what}, which a worker runs on an event loop {where}")
        return found

    def _worked_off(self, colours: Colouring) -> str:
        """The place on an event loop from where a worker runs jobs on its own thread.

        Signals keep it on the main one: no other thread can be had for it.
        """
        program = self.program
        for module in program.modules.mentioning(("SimpleWorker",)):
            for call in module.syntax.calls.get("work", ()):
                if program.outside_name(call.func, module) in _WORKERS and self._is_on_loop(
                    module.function_of(call), colours
                ):
                    return f"in {module.path}:{call.lineno}"
        return ""

    def _is_on_loop(self, function: Function | None, colours: Colouring) -> bool:
        """Whether a function waits, or something that waits calls it, directly or not."""
        seen: set[Function] = set()
        waiting = [function]
        while waiting:
            current = waiting.pop()
            if current is None or current in seen:
                continue
            if current.is_async or current in colours.asynchronous:
                return True
            seen.add(current)
            callers = self.program.calls.references(current)
            waiting += [caller.module.function_of(caller.node) for caller in callers]
        return False

    def _sent_at_once(self, function: Function, colours: Colouring) -> str:
        """The place on the loop of the service from where a job runs then and there.

        Queues do that in tests and in development, where they are told so.
        """
        for reference in self.program.calls.references(function):
            module, node = reference.module, reference.node
            around = module.function_of(node)
            if around is None or self.program.web.in_tests(module):
                continue
            if not (around.is_async or around in colours.asynchronous) or self.has(around):
                continue
            parent = module.parent(node)
            apply = isinstance(parent, ast.Attribute) and parent.attr == "apply"
            if apply or self._at_once:
                return f"in {module.path}:{node.lineno}"
        return ""

    @cached_property
    def _at_once(self) -> bool:
        return any(
            not module.identifiers.isdisjoint(_AT_ONCE)
            for module in self.program.modules.mentioning(sorted(_AT_ONCE))
        )

    def unpooled(self, own: list[OwnLoop]) -> set[Function]:
        """The functions that open sessions for jobs, from an engine without a pool."""
        jobs = [one.entry.function for one in own if one.entry.kind is Kind.JOB]
        return {function for job in jobs for function in self.jobs.opening(job)}

    def found(self, colours: Colouring, awaited: set[ast.AST]) -> list[OwnLoop]:
        """What becomes of the entries that wait."""
        return [
            part
            for function in self._engines
            if function in colours.asynchronous
            and (part := self._part(function, colours, awaited)) is not None
        ]

    def _part(
        self, function: Function, colours: Colouring, awaited: set[ast.AST]
    ) -> OwnLoop | None:
        """The part of a body that waits; None where that part runs an event loop itself."""
        entry, engines = self.program.entries.all[function], self._engines[function]
        body = function.definition.body
        waits = [i for i, one in enumerate(body) if any(n in awaited for n in ast.walk(one))]
        if not waits:
            return None
        first, last = waits[0], waits[-1]
        if not engines and (call := _only_call(function, colours, awaited)) is not None:
            return OwnLoop(entry, first, True, (), call)
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


def _only_call(function: Function, colours: Colouring, awaited: set[ast.AST]) -> ast.Call | None:
    """The call of a coroutine function that is all that waits in a function, and waits once."""
    nodes = [node for node in ast.walk(function.definition) if node in awaited]
    found = [known for known in colours.calls if known.caller is function and known.call in nodes]
    if len(nodes) != 1 or len(found) != 1 or found[0].callee.is_generator:
        return None
    for parent in function.module.ancestors(nodes[0]):
        if parent is function.definition:
            break
        if not isinstance(parent, _ONCE) or isinstance(parent, _OFTEN):
            return None
    call = found[0].call
    return call if isinstance(call, ast.Call) else None


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
