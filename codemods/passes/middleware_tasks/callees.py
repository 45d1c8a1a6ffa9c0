"""What work after the response may do: what it is given, and what all that it calls touches."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.awaited import opens_async_session
from codemods.facts.blocking import Blocking
from codemods.facts.calls import parameter_of
from codemods.facts.modules import Module
from codemods.facts.plain import REQUEST_ATTRIBUTES, RESPONSE_ATTRIBUTES, SCOPE_ENTRIES, Plain
from codemods.facts.syntax import Function
from codemods.facts.values import External, FunctionValue, Instance, Method

#: Functions that call their first argument in a thread.
THREADS = frozenset(
    (
        "starlette.concurrency.run_in_threadpool",
        "asyncio.to_thread",
        "anyio.to_thread.run_sync",
    )
)

_ATTRIBUTES = {"request": REQUEST_ATTRIBUTES, "response": RESPONSE_ATTRIBUTES}
_SHARED_SESSIONS = (
    known.SCOPED_SESSION,
    "sqlalchemy.ext.asyncio.async_scoped_session",
)
_MANY = 300


@dataclass(frozen=True)
class Callee:
    """What a call runs: functions of the code base, or a library's."""

    functions: tuple[Function, ...]
    name: str


class Callees:
    """Judges calls that might become tasks."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plain = Plain(program)
        self.blocking = Blocking(program)

    # -- what is called ----------------------------------------------------------------------

    def callee(self, call: ast.Call, module: Module) -> Callee | str:
        """What a call runs, or why that is not known."""
        target, _ = self.target(call, module)
        values = self.program.infer(target, module)
        if not values:
            return f"what {ast.unparse(target)} calls is not known"
        functions: dict[Function, None] = {}
        for value in values:
            match value:
                case FunctionValue(function=function, owner=owner):
                    if owner is not None and self.plain.holds_session(owner):
                        return f"{ast.unparse(target)} uses a session that others use too"
                    functions.update(dict.fromkeys(self.program.calls.family(function)))
                case External(name=name) if name.startswith(("asyncio.", "anyio.")):
                    return f"{name} works together with other tasks"
                case External():
                    continue
                case Method(owner=owner):
                    if reason := self.plain.values_reason(frozenset((owner,))):
                        return f"{ast.unparse(target)} belongs to {reason}"
                case _:
                    return f"what {ast.unparse(target)} calls is not known"
        return Callee(tuple(sorted(functions, key=str)), _last(target))

    def target(self, call: ast.Call, module: Module) -> tuple[ast.expr, list[ast.expr]]:
        """What a call runs at the end, and the positional arguments for it."""
        if call.args and self.program.outside_name(call.func, module) in THREADS:
            return call.args[0], call.args[1:]
        return call.func, call.args

    def is_sync_work(self, call: ast.Call, module: Module) -> bool:
        """Whether a call that nobody awaits holds its thread."""
        values = self.program.infer(call.func, module)
        if any(isinstance(v, FunctionValue) and v.function.is_async for v in values):
            return False
        return bool(self.blocking.reason(call, module))

    # -- why it can't be a task --------------------------------------------------------------

    def obstacle(self, call: ast.Call, module: Module) -> str:
        """Why a call can't run after the response; "" if it can."""
        callee = self.callee(call, module)
        if isinstance(callee, str):
            return callee
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if owner is not None and not callee.functions and (r := self._receiver(owner, module)):
            return r
        if reason := self._arguments(call, callee, module):
            return reason
        threaded = self.is_threaded(call, module)
        for function in callee.functions:
            if function.parent is module.function_of(call):
                return f"{function.name} is made anew for each request"
            for reached in self.reached(function):
                direct = reached in callee.functions
                if reason := self._inside(reached, direct=direct, threaded=threaded):
                    return reason
        return ""

    def is_threaded(self, call: ast.Call, module: Module) -> bool:
        """Whether a call runs in a thread, or will."""
        target, _ = self.target(call, module)
        return target is not call.func or not isinstance(module.parent(call), ast.Await)

    def _receiver(self, node: ast.expr, module: Module) -> str:
        match node:
            case ast.Attribute(value=ast.Name(id="self")):
                return ""
        return self.plain.reason(node, module)

    def _arguments(self, call: ast.Call, callee: Callee, module: Module) -> str:
        _, positional = self.target(call, module)
        for argument in (*positional, *(k.value for k in call.keywords)):
            kind = self.plain.kind(argument, module)
            if kind and callee.functions:
                made = ast.Call(call.func, positional, call.keywords)
                if reason := self.needs_more(made, callee.functions, argument, kind):
                    return reason
            elif reason := self.plain.reason(argument, module):
                return reason
        return ""

    def needs_more(
        self, call: ast.Call, functions: Iterable[Function], argument: ast.expr, kind: str
    ) -> str:
        """Why some functions need more of an argument than its values, or ""."""
        for function in functions:
            taken = parameter_of(function, call, call.args, argument)
            if taken is None:
                return f"{ast.unparse(argument)} is the {kind}"
            if reason := self._reads(function, taken, kind, set()):
                return reason
        return ""

    def _reads(self, function: Function, name: str, kind: str, seen: set[Function]) -> str:
        """Why ``function`` needs more of ``name`` than what stays valid after the response."""
        if function in seen:
            return ""
        seen.add(function)
        module = function.module
        for node in ast.walk(function.definition):
            if not isinstance(node, ast.Name) or node.id != name:
                continue
            where = f"({module.path}:{node.lineno})"
            if not isinstance(node.ctx, ast.Load) or module.function_of(node) is not function:
                return f"{function.name} keeps the {kind} {where}"
            parent = module.parent(node)
            match parent:
                case ast.Attribute(attr=attr):
                    if attr not in _ATTRIBUTES.get(kind, frozenset()):
                        return f"{function.name} uses {name}.{attr} {where}"
                case ast.Subscript(slice=ast.Constant(value=key)) if kind == "scope":
                    if key not in SCOPE_ENTRIES:
                        return f"{function.name} uses {name}[{key!r}] {where}"
                case ast.Call() | ast.keyword():
                    call = parent if isinstance(parent, ast.Call) else module.parent(parent)
                    assert isinstance(call, ast.Call)
                    if reason := self._handed_on(call, node, kind, module, seen):
                        return reason
                case ast.arg() | ast.arguments():
                    continue
                case _:
                    return f"{function.name} keeps the {kind} {where}"
        return ""

    def _handed_on(
        self, call: ast.Call, node: ast.Name, kind: str, module: Module, seen: set[Function]
    ) -> str:
        functions = self.program.called_functions(call, module)
        where = f"({module.path}:{node.lineno})"
        if not functions:
            return f"{ast.unparse(call.func)} is given the {kind} {where}"
        for function in functions:
            taken = parameter_of(function, call, call.args, node)
            if taken is None:
                return f"{function.name} is given the {kind} {where}"
            if reason := self._reads(function, taken, kind, seen):
                return reason
        return ""

    # -- what it reaches ---------------------------------------------------------------------

    def reached(self, function: Function) -> Iterator[Function]:
        """``function`` and all functions of the code base that it calls, through any number."""
        seen = {function}
        waiting = [function]
        while waiting and len(seen) < _MANY:
            current = waiting.pop()
            yield current
            for node in ast.walk(current.definition):
                if isinstance(node, ast.Call):
                    for called in self.program.called_functions(node, current.module):
                        if called not in seen:
                            seen.add(called)
                            waiting.append(called)

    def _inside(self, function: Function, *, direct: bool, threaded: bool) -> str:
        module = function.module
        for node in ast.walk(function.definition):
            match node:
                case ast.Raise(exc=ast.expr() as error):
                    meant = direct or self._is_answer(error, module)
                    if meant and not _is_handled(node, module):
                        return f"{function.name} raises an error for the client {_at(module, node)}"
                case ast.Global() | ast.Nonlocal() if threaded:
                    return f"{function.name} changes a global variable {_at(module, node)}"
                case ast.Name() | ast.Attribute() if self._is_shared_session(node, function):
                    return f"{function.name} uses a shared session {_at(module, node)}"
        return ""

    def _is_answer(self, error: ast.expr, module: Module) -> bool:
        """Whether an error is one that FastAPI answers with a status of its own."""
        raised = error.func if isinstance(error, ast.Call) else error
        return self.program.outside_name(raised, module).endswith("HTTPException")

    def _is_shared_session(self, node: ast.Name | ast.Attribute, function: Function) -> bool:
        module = function.module
        if not isinstance(node.ctx, ast.Load):
            return False
        values = self.program.infer(node, module)
        if any(isinstance(v, Instance) and v.cls in _SHARED_SESSIONS for v in values):
            return True
        found = self.program.definition(node, module)
        sessions = any(
            self.program.instances(values, base) for base in (known.SESSION, known.ASYNC_SESSION)
        ) or (found is not None and opens_async_session(*found, self.program))
        if not sessions or not isinstance(node, ast.Name):
            return False
        holder = module.scope_of(node).lookup(node.id)
        return holder is not None and holder.is_module


def _at(module: Module, node: ast.stmt | ast.expr) -> str:
    return f"({module.path}:{node.lineno})"


def _is_handled(node: ast.Raise, module: Module) -> bool:
    """Whether an error is raised within a try that catches it, or while another is handled."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.ExceptHandler):
            return True
        if isinstance(parent, ast.Try) and child in parent.body and parent.handlers:
            return True
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        child = parent
    return False


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return "work"
