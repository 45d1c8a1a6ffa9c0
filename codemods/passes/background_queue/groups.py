"""Background tasks: where FastAPI gives the list of a request, and where it is handed on.

Path operations, dependencies and the functions that they hand the list to form groups: they all
get the queue, or all keep the list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from codemods.facts import Program
from codemods.facts.calls import parameter_of
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import Instance
from codemods.passes.background_queue import queue
from codemods.passes.background_queue.jobs import Jobs
from codemods.plan.generated import find_generated

TASKS = "fastapi.BackgroundTasks"


@dataclass(frozen=True)
class Holder:
    """A parameter that is the list of background tasks."""

    function: Function
    parameter: ast.arg


@dataclass(frozen=True)
class Added:
    """``background_tasks.add_task(func, ...)``."""

    call: ast.Call
    module: Module
    holder: Holder | None


@dataclass
class Group:
    """Parameters that get the list from one another, and what is added to it."""

    holders: list[Holder] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    reason: str = ""


class Groups:
    """Finds the groups of a program."""

    def __init__(self, program: Program, jobs: Jobs) -> None:
        self.program = program
        self.jobs = jobs
        self._holders: dict[tuple[Function, str], Holder] = {}
        self._links: dict[Holder, set[Holder]] = {}
        self._reasons: dict[Holder, str] = {}
        self._added: dict[Holder, list[Added]] = {}
        self.strange: list[Added] = []
        self._own = next(
            filter(None, (find_generated(program, text) for text in queue.all_texts())), None
        )

    def find(self) -> list[Group]:
        """All groups, and in ``strange`` what is added to lists that are no parameters."""
        for holder in self._parameters():
            self._holders[holder.function, holder.parameter.arg] = holder
        for holder in list(self._holders.values()):
            self._examine(holder)
        self._find_strange()
        return self._grouped()

    def _parameters(self) -> Iterator[Holder]:
        for module in self.program.modules.mentioning(("BackgroundTasks", "add_task")):
            if self.program.web.in_tests(module) or module is self._own:
                continue
            for function in module.functions.values():
                for parameter in function.parameters:
                    values = self.program.parameter(function, parameter)
                    if any(isinstance(v, Instance) and v.cls == TASKS for v in values):
                        yield Holder(function, parameter)

    # -- one parameter -----------------------------------------------------------------------

    def _examine(self, holder: Holder) -> None:
        self._links.setdefault(holder, set())
        self._added.setdefault(holder, [])
        if reason := self._kind(holder):
            self._stop(holder, reason)
        for node in ast.walk(holder.function.definition):
            if isinstance(node, ast.Name) and node.id == holder.parameter.arg:
                self._use(node, holder)

    def _stop(self, holder: Holder, reason: str) -> None:
        self._reasons.setdefault(holder, reason)

    def _kind(self, holder: Holder) -> str:
        """Why the list of a parameter can't become a queue, by what the function is."""
        function, program = holder.function, self.program
        name = function.name
        routes = program.web.routes.get(function, [])
        if function.is_method and not routes:
            return f"{name} is a method, whose callers are not all known"
        if function.default_of(holder.parameter) is not None:
            return f"{name} may be called without it"
        annotation = holder.parameter.annotation
        if annotation is not None and not isinstance(annotation, ast.Name | ast.Attribute):
            return f"{name} asks for it by {ast.unparse(annotation)}"
        if any("websocket" in route.method for route in routes):
            return f"{name} is a websocket"
        calls = program.calls.calls_of(function)
        if routes or self._is_dependency(function):
            return f"{name} is called directly as well" if calls else self._answers(function)
        if not calls:
            return f"nothing was found that calls {name}"
        for call, module in calls:
            if not self._gets_parameter(call, module, holder):
                return f"{name} gets the list of another in line {call.lineno} of {module.path}"
        if any(ref.call is None for ref in program.calls.references(function)):
            return f"{name} is handed on as a function"
        return ""

    def _is_dependency(self, function: Function) -> bool:
        return function in self._dependencies

    @cached_property
    def _dependencies(self) -> set[Function]:
        """The functions that a ``Depends`` names."""
        found: set[Function] = set()
        for module in self.program.modules.mentioning(("Depends", "Security")):
            for name in ("Depends", "Security"):
                for call in module.syntax.calls.get(name, ()):
                    for argument in call.args[:1]:
                        found.update(self.jobs.functions(argument, module))
        return found

    def _answers(self, function: Function) -> str:
        """A response with tasks of its own: FastAPI then forgets the list of the request."""
        for node in ast.walk(function.definition):
            if isinstance(node, ast.keyword) and node.arg == "background":
                return f"{function.name} gives its response tasks of its own"
        return ""

    def _gets_parameter(self, call: ast.Call, module: Module, holder: Holder) -> bool:
        function = module.function_of(call)
        given = self.program.calls.argument(call, holder.function, holder.parameter)
        if function is None or not isinstance(given, ast.Name):
            return False
        return (function, given.id) in self._holders

    # -- what is done with it ----------------------------------------------------------------

    def _use(self, node: ast.Name, holder: Holder) -> None:
        module = holder.function.module
        where = f"line {node.lineno}"
        if module.function_of(node) is not holder.function:
            self._stop(holder, f"a function within {holder.function.name} uses it in {where}")
            return
        parent = module.parent(node)
        match parent:
            case ast.Attribute(attr="add_task"):
                call = module.parent(parent)
                if isinstance(call, ast.Call) and call.func is parent:
                    self._job(call, holder)
                else:
                    self._stop(holder, f"add_task is handed on in {where}")
            case ast.Call() | ast.keyword():
                found = parent if isinstance(parent, ast.Call) else module.parent(parent)
                assert isinstance(found, ast.Call)
                self._handed_on(found, node, holder)
            case _:
                self._stop(holder, f"{where} does something else with it than add to it")

    def _job(self, call: ast.Call, holder: Holder) -> None:
        module = holder.function.module
        self._added[holder].append(Added(call, module, holder))
        if not isinstance(module.parent(call), ast.Expr):
            self._stop(holder, f"line {call.lineno} is no statement of its own")
            return
        if any(given.lineno < call.lineno for given in holder.function.yields):
            self._stop(
                holder,
                f"{holder.function.name} adds to it behind its yield (line {call.lineno}), where "
                "the tasks of the request may have run",
            )
        func, arguments = job_of(call)
        if func is None:
            self._stop(holder, f"what line {call.lineno} adds is not known")
        elif reason := self.jobs.obstacle(func, arguments, module):
            self._stop(holder, reason)

    def _handed_on(self, call: ast.Call, node: ast.Name, holder: Holder) -> None:
        functions = self.program.called_functions(call, holder.function.module)
        name = ast.unparse(call.func)
        if not functions:
            self._stop(holder, f"it is handed to {name} in line {node.lineno}")
        for function in functions:
            taken = parameter_of(function, call, call.args, node)
            other = self._holders.get((function, taken or ""))
            if other is None:
                self._stop(holder, f"it is handed to {name} in line {node.lineno}")
            else:
                self._links.setdefault(other, set()).add(holder)
                self._links[holder].add(other)

    # -- lists of other kinds ----------------------------------------------------------------

    def _find_strange(self) -> None:
        known = {added.call for several in self._added.values() for added in several}
        for module in self.program.modules.mentioning(("add_task",)):
            if self.program.web.in_tests(module) or module is self._own:
                continue
            for call in module.syntax.calls.get("add_task", ()):
                if call in known or not isinstance(call.func, ast.Attribute):
                    continue
                if self.program.is_a(call.func.value, module, TASKS):
                    self.strange.append(Added(call, module, None))

    # -- groups ------------------------------------------------------------------------------

    def _grouped(self) -> list[Group]:
        groups: list[Group] = []
        seen: set[Holder] = set()
        for holder in self._holders.values():
            if holder in seen:
                continue
            group, waiting = Group(), [holder]
            while waiting:
                current = waiting.pop()
                if current in seen:
                    continue
                seen.add(current)
                group.holders.append(current)
                group.added += self._added.get(current, [])
                group.reason = group.reason or self._reasons.get(current, "")
                waiting += self._links.get(current, ())
            groups.append(group)
        return groups


def job_of(call: ast.Call) -> tuple[ast.expr | None, list[ast.expr]]:
    """What ``add_task`` is given to call, and with what."""
    keywords = [keyword.value for keyword in call.keywords if keyword.arg != "func"]
    named = next((k.value for k in call.keywords if k.arg == "func"), None)
    if any(isinstance(a, ast.Starred) for a in call.args[:1]):
        return None, []
    if named is not None:
        return named, [*call.args, *keywords]
    return (call.args[0], [*call.args[1:], *keywords]) if call.args else (None, [])
