"""What middleware writes while rows are sent: SQLite lets nobody write meanwhile.

A query that is read row by row holds a read lock of SQLite until its last row. Without a
write-ahead log a commit waits for it; where the answer waits for the commit, both wait until the
database is said to be locked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from codemods.drivers import DATABASES, HELPER_NAME
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.plain import Plain
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance
from codemods.passes.streaming_response.answered import Answered
from codemods.passes.streaming_response.bodies import functions_of, senders
from codemods.passes.streaming_response.environment import Environment
from codemods.passes.streaming_response.reads import LeftError
from codemods.plan import keeper
from codemods.plan.generated import find_generated
from codemods.plan.middleware import Middleware, find_middleware

#: What ends a transaction, or makes one that ends with its block.
_COMMITS = frozenset({"commit", "begin"})
_DATABASES = (
    known.SESSION,
    known.ASYNC_SESSION,
    known.CONNECTION,
    known.ASYNC_CONNECTION,
    known.ENGINE,
    known.ASYNC_ENGINE,
    known.SESSIONMAKER,
    known.ASYNC_SESSIONMAKER,
    known.TRANSACTION,
    "sqlite3.Connection",
    "aiosqlite.Connection",
)
#: Methods that enter or leave an object of the code base.
_ENTERED = frozenset({"__enter__", "__exit__", "__aenter__", "__aexit__"})
#: What runs when the last byte is sent, or beside the answer if nobody waits for the task.
_AFTERWARDS = ("fastapi.BackgroundTask", "starlette.background.", "fastapi.background.")
_TASKS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
_WRITE_AHEAD = re.compile(r"journal_mode\W+wal\b", re.IGNORECASE)
_MANY = 300


class Beside:
    """Whether middleware writes, and waits for it, while the rows of a path operation are sent."""

    def __init__(self, program: Program, environment: Environment) -> None:
        self.program = program
        self.environment = environment
        self.plain = Plain(program)
        self._found: dict[tuple[str, int | None], str] = {}

    def check(self, function: Function) -> None:
        """Raise ``LeftError`` where a path operation can't send rows while it reads them."""
        found = next(filter(None, map(self._around, self._answers(function))), "")
        if not found or self._has_write_ahead:
            return
        if self._can_be_sqlite(function.module.path):
            raise LeftError(
                f"{found} before the rows are sent, which SQLite refuses while they are read "
                "(unless it has a write-ahead log)"
            )

    def _answers(self, function: Function) -> Iterator[Answered]:
        """The answers of a path operation that hold rows: their methods and statuses."""
        for route in self.program.web.routes[function]:
            given = [k.value for k in route.call.keywords if k.arg in ("status_code", None)]
            status: object = 200
            if given:
                status = given[0].value if isinstance(given[0], ast.Constant) else None
            known_status = status if isinstance(status, int) else None
            yield Answered(self.plain, route.method.upper(), known_status)

    # -- the database ------------------------------------------------------------------------

    @cached_property
    def _has_write_ahead(self) -> bool:
        return any(_WRITE_AHEAD.search(text) for text in self._texts("journal_mode"))

    def _can_be_sqlite(self, path: str) -> bool:
        """Whether a URL names SQLite, or no driver says that it is something else."""
        if any(text.startswith("sqlite") for text in self._texts("sqlite")):
            return True
        others = (one.name for one in DATABASES if one.name != "sqlite")
        return not any(self.environment.runs_on(name, path) for name in others)

    def _texts(self, word: str) -> Iterator[str]:
        """The texts of the application's own modules that hold a word."""
        for module in self.program.modules.mentioning((word,)):
            is_own = not module.path.endswith(f"{HELPER_NAME}.py")
            if is_own and not self.program.web.in_tests(module):
                for node in ast.walk(module.tree):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value

    # -- middleware --------------------------------------------------------------------------

    def _around(self, answer: Answered) -> str:
        """What middleware writes once an answer has begun and before it goes on, or ""."""
        key = answer.method, answer.status
        if key not in self._found:
            found = (self._of_middleware(one, answer) for one in find_middleware(self.program))
            self._found[key] = next(filter(None, found), "")
        return self._found[key]

    def _of_middleware(self, middleware: Middleware, answer: Answered) -> str:
        function = middleware.function
        if function.name == "__call__":
            inner = senders(self.program, middleware)
            return next(filter(None, map(self._within, inner)), "")
        return self._writing(answer.nodes(middleware), function, {function})

    # -- what writes -------------------------------------------------------------------------

    def _within(self, function: Function) -> str:
        return self._writing(function.nodes, function, {function})

    def _writing(self, nodes: Iterable[ast.AST], function: Function, seen: set[Function]) -> str:
        """What some nodes of a function write, through whatever they call."""
        waiting: list[tuple[Iterable[ast.AST], Function]] = [(nodes, function)]
        while waiting and len(seen) < _MANY:
            current, holder = waiting.pop()
            for node in current:
                if not isinstance(node, ast.Call | ast.withitem):
                    continue
                if isinstance(node, ast.Call) and self._commits(node, holder.module):
                    return f"{holder.qualname} ({holder.module.path}:{node.lineno}) writes"
                for reached in self._reached(node, holder.module):
                    if reached not in seen:
                        seen.add(reached)
                        waiting.append((reached.nodes, reached))
        return ""

    def _commits(self, call: ast.Call, module: Module) -> bool:
        """Whether a call ends a transaction, also of something of which nothing is known."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _COMMITS:
            return False
        owner = call.func.value
        return not self.program.infer(owner, module) or any(
            self.program.is_a(owner, module, base) for base in _DATABASES
        )

    def _reached(self, node: ast.Call | ast.withitem, module: Module) -> Iterator[Function]:
        """The functions that a call runs or hands on, and those that enter and leave an object."""
        if isinstance(node, ast.withitem):
            for value in self.program.infer(node.context_expr, module):
                if isinstance(value, Instance) and isinstance(value.cls, Class):
                    for base in self.program.mro(value.cls):
                        if isinstance(base, Class):
                            yield from (m for m in base.methods if m.name in _ENTERED)
            return
        if self._goes_on(node, module) or self._is_handed_over(node, module):
            return
        yield from self.program.called_functions(node, module)
        for argument in (*node.args, *(k.value for k in node.keywords)):
            if isinstance(argument, ast.Name | ast.Attribute):
                yield from functions_of(self.program.infer(argument, module))

    def _is_handed_over(self, call: ast.Call, module: Module) -> bool:
        """Whether what a call makes, a coroutine, is handed to something that nobody waits for."""
        outer = module.parent(call)
        return isinstance(outer, ast.Call) and call in outer.args and self._goes_on(outer, module)

    def _goes_on(self, call: ast.Call, module: Module) -> bool:
        """Whether a call starts or keeps work that the answer does not wait for."""
        name = self.program.outside_name(call.func, module)
        if name.startswith(_AFTERWARDS):
            return True
        if name in _TASKS:
            return isinstance(module.parent(call), ast.Expr)
        functions = self.program.called_functions(call, module)
        return bool(functions) and all(f.module is self._keeper for f in functions)

    @cached_property
    def _keeper(self) -> Module | None:
        return find_generated(self.program, keeper.TEXT)


__all__ = ["Beside"]
