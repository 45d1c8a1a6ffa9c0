"""Tasks and threads that a path operation starts and forgets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.edits.templates import holes_of
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.tasks import dropped_task, kept_task, never_let_go
from codemods.findings import Code
from codemods.passes.background_queue import codes
from codemods.passes.background_queue.jobs import Jobs

_THREAD = "threading.Thread"


@dataclass(frozen=True)
class Spawned:
    """A statement that starts a task or a thread.

    ``func`` is called with ``arguments`` (their source text). ``made`` is the statement that makes
    a thread, where it stands apart from the one that starts it.
    """

    statement: ast.stmt
    function: Function
    code: Code
    func: str = ""
    arguments: tuple[str, ...] = ()
    made: ast.stmt | None = None
    reason: str = ""

    @property
    def module(self) -> Module:
        """The module of the path operation."""
        return self.function.module


class Spawning:
    """Finds what path operations start and forget."""

    def __init__(self, program: Program, jobs: Jobs) -> None:
        self.program = program
        self.jobs = jobs
        self._starting: set[ast.stmt] = set()

    def find(self) -> list[Spawned]:
        """All of them, in the order of the modules and lines."""
        found: list[Spawned] = []
        for function, routes in self.program.web.routes.items():
            if self.program.web.in_tests(function.module):
                continue
            websocket = any("websocket" in route.method for route in routes)
            for spawned in self._in(function):
                found.append(_left(spawned, "it is a websocket") if websocket else spawned)
        return sorted(found, key=lambda s: (s.module.path, s.statement.lineno))

    def _in(self, function: Function) -> Iterator[Spawned]:
        module = function.module
        tasks: list[tuple[ast.stmt, ast.Call]] = []
        threads: list[tuple[ast.Expr, ast.Call]] = []
        for node in ast.walk(function.definition):
            match node:
                case ast.Expr(value=value) | ast.Assign(value=value) if (
                    module.function_of(value) is not function
                ):
                    continue
                case ast.AnnAssign() if module.function_of(node.target) is not function:
                    continue
                case ast.Expr() | ast.Assign() | ast.AnnAssign() if (
                    task := dropped_task(self.program, node, function)
                ) is not None:
                    tasks.append((node, task))
                case ast.Expr() | ast.Assign() if (
                    kept := kept_task(self.program, node, function)
                ) is not None:
                    yield Spawned(node, function, codes.DROPPED, reason=never_let_go(kept))
                case ast.Expr(value=ast.Call() as call):
                    if (made := self._thread_of(call, function)) is not None:
                        threads.append((node, made))
        self._starting = {statement for statement, _ in (*tasks, *threads)}
        self._starting |= {module.statement(made) for _, made in threads}
        for statement, call in tasks:
            yield self._task(statement, call, function)
        for statement, made in threads:
            yield self._thread(statement, made, function)

    # -- tasks -------------------------------------------------------------------------------

    def _task(self, statement: ast.stmt, call: ast.Call, function: Function) -> Spawned:
        found = Spawned(statement, function, codes.DROPPED)
        module = function.module
        if isinstance(statement, ast.AnnAssign):
            return _left(found, "its name has an annotation")
        if not call.args or not isinstance(call.args[0], ast.Call):
            return _left(found, "the coroutine is made somewhere else")
        if any(keyword.arg != "name" for keyword in call.keywords):
            return _left(found, "it is started in a context of its own")
        work = call.args[0]
        functions = self.jobs.functions(work.func, module)
        if not functions or not all(_is_plainly_async(f) for f in functions):
            return _left(found, f"{ast.unparse(work.func)} is not known to be an async function")
        return self._judged(found, work.func, work.args, work.keywords)

    # -- threads -----------------------------------------------------------------------------

    def _thread_of(self, call: ast.Call, function: Function) -> ast.Call | None:
        """The call that makes the thread which ``call`` starts."""
        match call:
            case ast.Call(func=ast.Attribute(attr="start", value=ast.Call() as made), args=[]):
                pass
            case ast.Call(func=ast.Attribute(attr="start", value=ast.Name(id=name)), args=[]):
                bindings = function.bindings.get(name, [])
                value = bindings[0].value if len(bindings) == 1 else None
                if not isinstance(value, ast.Call):
                    return None
                made = value
            case _:
                return None
        is_thread = self.program.outside_name(made.func, function.module) == _THREAD
        return made if is_thread else None

    def _thread(self, statement: ast.Expr, made: ast.Call, function: Function) -> Spawned:
        found = Spawned(statement, function, codes.THREAD)
        module = function.module
        keywords = {keyword.arg: keyword.value for keyword in made.keywords}
        target, args = keywords.get("target"), keywords.get("args", ast.Tuple(elts=[]))
        named = keywords.get("kwargs", ast.Dict(keys=[], values=[]))
        if made.args or target is None or not isinstance(args, ast.Tuple | ast.List):
            return _left(found, "what the thread does is not written out")
        if not isinstance(named, ast.Dict):
            return _left(found, "what the thread does is not written out")
        pairs = []
        for key, value in zip(named.keys, named.values, strict=True):
            if not isinstance(key, ast.Constant) or not str(key.value).isidentifier():
                return _left(found, "what the thread does is not written out")
            pairs.append(ast.keyword(arg=str(key.value), value=value))
        if any(f.is_async for f in self.jobs.functions(target, module)):
            return _left(found, "the thread is given an async function, which it does not run")
        own = module.statement(made)
        if own is not statement:
            if not isinstance(own, ast.Assign) or not _is_used_once(own, function):
                return _left(found, "something else is done with the thread")
            found = Spawned(statement, function, codes.THREAD, made=own)
        return self._judged(found, target, args.elts, pairs)

    # -- both --------------------------------------------------------------------------------

    def _judged(
        self,
        found: Spawned,
        func: ast.expr,
        args: list[ast.expr],
        keywords: list[ast.keyword],
    ) -> Spawned:
        module = found.module
        values = [*args, *(keyword.value for keyword in keywords)]
        reason = self._place(found) or self.jobs.obstacle(func, values, module)
        if any(isinstance(a, ast.Starred) for a in args) or any(k.arg is None for k in keywords):
            reason = reason or "its arguments are not written out"
        texts = [module.source(a) for a in args]
        texts += [f"{keyword.arg}={module.source(keyword.value)}" for keyword in keywords]
        source = module.source(func)
        if any(holes_of(text) for text in (source, *texts)):
            reason = reason or "its arguments can't be written anew"
        return Spawned(
            found.statement, found.function, found.code, source, tuple(texts), found.made, reason
        )

    def _place(self, found: Spawned) -> str:
        """A job starts after the response, and only when the request succeeded."""
        module, function = found.module, found.function
        if self.program.calls.calls_of(function):
            return f"{function.name} is called directly as well"
        child: ast.AST = found.statement
        while child is not function.definition:
            parent = module.parent(child)
            if parent is None:
                return "it stands outside of the path operation"
            if parent is not function.definition and not isinstance(parent, ast.If):
                return f"it stands within line {getattr(parent, 'lineno', 0)}"
            for block in (getattr(parent, "body", []), getattr(parent, "orelse", [])):
                if child in block:
                    for later in block[block.index(child) + 1 :]:
                        if later not in self._starting and not _is_over(later):
                            return f"line {later.lineno} comes after it, and may need it or fail"
            child = parent
        return ""


def _left(found: Spawned, reason: str) -> Spawned:
    return Spawned(found.statement, found.function, found.code, reason=found.reason or reason)


def _is_plainly_async(function: Function) -> bool:
    definition = function.definition
    return function.is_async and not function.is_generator and not definition.decorator_list


def _is_used_once(made: ast.Assign, function: Function) -> bool:
    names = [target.id for target in made.targets if isinstance(target, ast.Name)]
    if len(names) != 1 or len(made.targets) != 1:
        return False
    uses = [n for n in ast.walk(function.definition) if isinstance(n, ast.Name)]
    return sum(n.id == names[0] for n in uses) == 2


def _is_over(statement: ast.stmt) -> bool:
    """Whether a statement only ends the request."""
    if isinstance(statement, ast.Return):
        return not any(isinstance(n, ast.Await) for n in ast.walk(statement))
    return isinstance(statement, ast.Pass)
