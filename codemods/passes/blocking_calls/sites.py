"""Every blocking call on the event loop: in an ``async def``, or below a sync function it calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.blocking import Blocking
from codemods.facts.blocking_table import Blocker, Form
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.walk import own_nodes
from codemods.plan.places import is_lock

#: Decorators that keep what a function gave.
CACHES = (
    "functools.lru_cache",
    "functools.cache",
    "functools.cached_property",
    "cachetools.cached",
)
#: What takes each step of an iterator in a thread, or enters and leaves a context manager there.
_BY_STEPS = frozenset(
    f"{module}.{name}"
    for module in ("fastapi", "starlette")
    for name in (
        "concurrency.iterate_in_threadpool",
        "concurrency.contextmanager_in_threadpool",
        "responses.StreamingResponse",
    )
)


@dataclass(frozen=True, eq=False)
class Site:
    """A call on the event loop that blocks it.

    ``helpers`` are the sync functions of the code base that it can reach, if it is not a library's
    own; ``chain`` the way down from there to the call that blocks.
    """

    call: ast.Call
    module: Module
    function: Function
    blocker: Blocker
    helpers: tuple[Function, ...] = ()
    chain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reached:
    """A blocking call somewhere below a sync function."""

    blocker: Blocker
    chain: tuple[str, ...]


class Sites:
    """The blocking calls of a program's ``async def`` functions, and of those ``becoming`` it."""

    def __init__(self, program: Program, becoming: frozenset[Function] = frozenset()) -> None:
        self.program = program
        self.becoming = becoming
        self.blocking = Blocking(program)
        self._reached: dict[Function, Reached | None] = {}
        self.all = list(self._find())

    def _find(self) -> Iterator[Site]:
        for function in (*async_functions(self.program), *self.becoming):
            for call in own_calls(function):
                if in_steps(self.program, call, function.module):
                    continue
                site = self._site(call, function)
                if site is not None:
                    yield site

    def _site(self, call: ast.Call, function: Function) -> Site | None:
        module = function.module
        blocker = self.blocking.call(call, module)
        if blocker is not None:
            return Site(call, module, function, blocker)
        helpers = self.program.called_functions(call, module)
        if not helpers or any(helper.is_async for helper in helpers):
            return None
        for helper in helpers:
            reached = self.reached(helper)
            if reached is not None:
                return Site(call, module, function, reached.blocker, tuple(helpers), reached.chain)
        return None

    def reached(self, function: Function) -> Reached | None:
        """The first call below a sync function that is worth a thread, or else any that blocks."""
        if function not in self._reached:
            self._reached[function] = None
            # What a cache keeps is waited for once.
            if not function.is_async and not self.program.decorated(function, *CACHES):
                found = list(self._below(function))
                useful = [r for r in found if r.blocker.form is not Form.LEFT]
                self._reached[function] = next(iter(useful or found), None)
        return self._reached[function]

    def _below(self, function: Function) -> Iterator[Reached]:
        module = function.module
        for call in own_calls(function):
            where = f"{function.name} calls {ast.unparse(call.func)} in {module.path}:{call.lineno}"
            blocker = self.blocking.call(call, module)
            if blocker is not None:
                if not blocker.slight:
                    yield Reached(blocker, (where,))
                continue
            for callee in self.program.called_functions(call, module):
                below = self.reached(callee)
                if below is not None:
                    yield Reached(below.blocker, (where, *below.chain))

    def locks(self) -> Iterator[tuple[ast.expr, Function]]:
        """The locks of threads that an ``async def`` enters by a with statement."""
        for function in (*async_functions(self.program), *self.becoming):
            module = function.module
            if "with" not in module.identifiers:
                continue
            for node in function.nodes:
                if not isinstance(node, ast.With) or module.function_of(node) is not function:
                    continue
                for item in node.items:
                    if is_lock(self.program, item.context_expr, module):
                        yield item.context_expr, function


def in_steps(program: Program, call: ast.Call, module: Module) -> bool:
    """Whether threads take the steps of what a call gives, or enter and leave it."""
    parent = module.parent(call)
    is_content = isinstance(parent, ast.keyword) and parent.arg == "content"
    around = module.parent(parent) if is_content and parent is not None else parent
    if not isinstance(around, ast.Call) or around.func is call:
        return False
    if program.outside_name(around.func, module) not in _BY_STEPS:
        return False
    return all(f.is_generator and not f.is_async for f in program.called_functions(call, module))


def async_functions(program: Program) -> Iterator[Function]:
    """The ``async def`` functions of the application, without its tests."""
    for module in program.modules:
        if "async" not in module.identifiers or program.web.in_tests(module):
            continue
        for function in module.functions.values():
            if function.is_async:
                yield function


def own_calls(function: Function) -> Iterator[ast.Call]:
    """The calls that the body of a function makes itself, in the order of the text."""
    module = function.module
    for node in own_nodes(function):
        if isinstance(node, ast.Call) and module.function_of(node) is function:
            yield node


__all__ = ["Reached", "Site", "Sites", "async_functions", "own_calls"]
