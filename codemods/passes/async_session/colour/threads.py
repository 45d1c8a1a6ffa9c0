"""Functions that leave their thread: what becomes of the calls in them that block it.

``def`` path operations and dependencies ran in a pool of threads. Once they are ``async def``,
what blocks in them would stop the whole loop: another thread does it, step by step where it is an
iterator, and a coroutine that had an event loop of its own is awaited. Where a call belongs to the
thread that makes it (a lock, a connection of SQLite), the function has to stay in that thread.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.blocking import Blocking
from codemods.facts.blocking_table import Blocker, Form, Kind
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue
from codemods.facts.walk import own_nodes
from codemods.passes.async_session.colour.boundaries import Bridge
from codemods.passes.async_session.colour.obstacles import cleans_up, leaves
from codemods.plan.climb import Cause
from codemods.plan.colours import Colouring
from codemods.plan.iterators import collector
from codemods.plan.places import held_lock, is_lock, place_obstacle
from codemods.plan.sleeps import Sleeps

#: What runs a coroutine to its end on a loop that is free, and gives what it returns.
_COMPLETING = frozenset({"asyncio.run", f"{known.LOOP}.run_until_complete"})


class Way(Enum):
    """What a blocking call becomes on the event loop."""

    THREAD = "a thread makes the call"
    STEPS = "a thread takes each step of the iterator"
    WHOLE = "a thread uses up the iterator"
    AWAIT = "the coroutine is awaited"
    SLEEP = "asyncio.sleep"
    STAY = "the function stays in its thread"


@dataclass(frozen=True)
class Blocked:
    """A blocking call in a function that is to be on the loop.

    ``whole`` is what uses up its iterator, ``reason`` what it waits for, or why it has to stay.
    """

    call: ast.expr
    module: Module
    way: Way
    reason: str
    whole: ast.expr | None = None


class Leaving:
    """Answers what becomes of the blocking calls of functions that leave their thread.

    One that is ``alone`` does not: it gets an event loop of its own there.
    """

    def __init__(
        self, program: Program, alone: Callable[[Function], bool] = lambda function: False
    ) -> None:
        self.program = program
        self.alone = alone
        self.blocking = Blocking(program, left=True)
        self.sleeps = Sleeps(program)
        self._own: dict[Function, list[ast.Call]] = {}

    def conflicts(self, colours: Colouring, bridges: Iterable[Bridge]) -> dict[Function, Cause]:
        """The functions that have to stay in their thread, with the call that belongs to it."""
        found = dict(self._within_bridges(bridges))
        for function in colours.asynchronous:
            if self.program.web.in_tests(function.module):
                continue
            for one in self.blocked(function, colours):
                if one.way is Way.STAY:
                    found.setdefault(function, Cause(one.reason))
        return found

    def _within_bridges(self, bridges: Iterable[Bridge]) -> Iterator[tuple[Function, Cause]]:
        """The functions that would run something blocking on the loop, by ``run_sync``.

        In those that were on the loop before nothing blocks any longer than it did; but who waits
        for the database there while it holds a lock lets in who waits for that lock.
        """
        for bridge in bridges:
            caller = bridge.module.function_of(bridge.call)
            if bridge.session is None or caller is None or self.program.web.in_tests(bridge.module):
                continue
            callee = bridge.callee
            reason = self.blocking.function(callee) or self.blocking.generator(callee)
            if caller.is_async and not self._takes_lock(callee, set()):
                continue
            if caller.is_async or reason:
                where = f"{bridge.module.path}:{bridge.call.lineno}"
                why = reason or "takes a lock"
                yield caller, Cause(f"calls {callee.name} in {where}, which {why} with its session")

    def _takes_lock(self, function: Function, seen: set[Function]) -> bool:
        """Whether a sync function takes a lock of threads, itself or through what it calls."""
        seen.add(function)
        module = function.module
        for node in own_nodes(function):
            items = node.items if isinstance(node, ast.With) else ()
            if any(is_lock(self.program, item.context_expr, module) for item in items):
                return True
            if not isinstance(node, ast.Call):
                continue
            blocker = self.blocking.call(node, module)
            if blocker is not None and blocker.kind is Kind.THREAD and not blocker.portable:
                return True
            for callee in self.blocking.callees(node, module):
                if callee not in seen and self._takes_lock(callee, seen):
                    return True
        return False

    def blocked(self, function: Function, colours: Colouring) -> Iterator[Blocked]:
        """The blocking calls of a function that becomes async."""
        if function.is_async or self.alone(function):
            return
        module = function.module
        for call in self._candidates(function):
            callees = self.program.called_functions(call, module)
            if any(callee in colours.asynchronous for callee in callees):
                continue
            one = self._call(call, module, colours)
            if one is not None:
                yield one
        yield from self._piped(function)

    def _piped(self, function: Function) -> Iterator[Blocked]:
        """The loops over what another process writes."""
        module = function.module
        if module.identifiers.isdisjoint(("stdout", "stderr")):
            return
        for node in own_nodes(function):
            if (
                isinstance(node, ast.For)
                and isinstance(node.iter, ast.Attribute)
                and self.program.is_a(node.iter.value, module, "subprocess.Popen")
                and not place_obstacle(self.program, node.iter, module)
            ):
                yield Blocked(node.iter, module, Way.STEPS, Kind.PROCESS.value)

    def _candidates(self, function: Function) -> list[ast.Call]:
        """The calls of a function of which one may block, with those in its lambdas."""
        if function not in self._own:
            module = function.module
            self._own[function] = [
                node
                for node in function.nodes
                if isinstance(node, ast.Call)
                and self._runs(node, function)
                and (self.blocking.reason(node, module) or self._steps(node, module))
            ]
        return self._own[function]

    def _runs(self, call: ast.Call, function: Function) -> bool:
        """Whether a function makes a call, itself or by a lambda that is called in it."""
        module = function.module
        if module.function_of(call) is function:
            return True
        around = next((n for n in module.ancestors(call) if isinstance(n, ast.Lambda)), None)
        if around is None or module.function_around(call) is not function:
            return False
        holder = module.parent(around)
        holder = module.parent(holder) if isinstance(holder, ast.keyword) else holder
        return isinstance(holder, ast.Assign) or (
            isinstance(holder, ast.Call)
            and self.program.outside_name(holder.func, module).startswith("builtins.")
        )

    def _steps(self, call: ast.Call, module: Module) -> Function | None:
        """The sync generator with blocking steps that a call makes."""
        for callee in self.blocking.callees(call, module):
            if self.blocking.generator(callee) and not self.program.decorators(callee):
                return callee
        return None

    def _call(self, call: ast.Call, module: Module, colours: Colouring) -> Blocked | None:
        blocker = self.blocking.call(call, module)
        generator = self._steps(call, module)
        if generator is not None:
            reason = self.blocking.generator(generator)
            return self._iterator(call, module, reason, colours, generator)
        if blocker is None:
            return self._in_thread(call, module, self.blocking.reason(call, module), None)
        if blocker.kind is Kind.LOOP:
            return self._loop(call, module)
        if blocker.kind is Kind.PERSON:
            return None
        if blocker.form is Form.LAZY:
            found = self._iterator(call, module, blocker.reason, colours, None)
            return None if found.way is Way.STAY and blocker.kind is Kind.DISK else found
        if blocker.form is Form.LEFT and not blocker.portable:
            return self._stays(call, module, blocker.advice.partition(":")[0])
        return self._in_thread(call, module, blocker.reason, blocker)

    @staticmethod
    def _stays(call: ast.Call, module: Module, why: str) -> Blocked:
        where = f"{module.path}:{call.lineno}"
        text = f"calls {ast.unparse(call.func)} in {where}, and {why}"
        return Blocked(call, module, Way.STAY, text)

    def _in_thread(
        self, call: ast.Call, module: Module, reason: str, blocker: Blocker | None
    ) -> Blocked | None:
        obstacle = place_obstacle(self.program, call, module)
        if not obstacle:
            way = Way.SLEEP if self.sleeps.alike(call, module) else Way.THREAD
            return Blocked(call, module, way, reason)
        # A file that is looked at here or there is not worth a thread.
        if blocker is not None and blocker.kind is Kind.DISK:
            return None
        return self._stays(call, module, f"{reason} {obstacle}")

    def _loop(self, call: ast.Call, module: Module) -> Blocked:
        """``asyncio.run(send(message))`` has a loop to run on: ``await send(message)``."""
        if (
            self.program.outside_name(call.func, module) in _COMPLETING
            and len(call.args) == 1
            and not call.keywords
            and self._is_coroutine(call.args[0], module)
            and not place_obstacle(self.program, call, module)
        ):
            return Blocked(call, module, Way.AWAIT, "runs an event loop")
        return self._stays(call, module, "it needs a thread without an event loop")

    def _is_coroutine(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression makes a coroutine, here and now."""
        if not isinstance(node, ast.Call):
            return False
        called = self.program.infer(node.func, module)
        return self.program.is_a(node, module, known.COROUTINE) or (
            bool(called)
            and all(
                isinstance(value, FunctionValue)
                and value.function.is_async
                and not value.function.is_generator
                for value in called
            )
        )

    def _iterator(
        self,
        call: ast.Call,
        module: Module,
        reason: str,
        colours: Colouring,
        generator: Function | None,
    ) -> Blocked:
        parent = module.parent(call)
        if not held_lock(self.program, call, module):
            if self._is_stepped(parent, call, module, generator):
                return Blocked(call, module, Way.STEPS, reason)
            whole = collector(self.program, call, module)
            if (
                whole is not None
                and whole is parent
                and not place_obstacle(self.program, whole, module)
                and not self._has_other_calls(whole, call)
            ):
                return Blocked(call, module, Way.WHOLE, reason, whole)
        return self._stays(call, module, f"each of its steps {reason}")

    def _is_stepped(
        self, parent: ast.AST | None, call: ast.Call, module: Module, generator: Function | None
    ) -> bool:
        """Whether an ``async for`` can stand where the iterator is read."""
        match parent:
            case ast.For() if parent.iter is call:
                left_early = generator is not None and cleans_up(generator) and leaves(parent)
                return not left_early and not place_obstacle(self.program, call, module)
            case ast.comprehension() if parent.iter is call:
                holder = module.parent(parent)
                if not isinstance(holder, ast.ListComp | ast.SetComp | ast.DictComp):
                    return False
                return holder.generators[0] is parent and not any(
                    isinstance(
                        above,
                        ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
                    )
                    for above in module.ancestors(holder)
                )
        return False

    @staticmethod
    def _has_other_calls(whole: ast.expr, call: ast.Call) -> bool:
        """Whether more is called within: that belongs to the loop, or could."""
        return any(
            isinstance(node, ast.Call | ast.Await | ast.NamedExpr)
            and node is not whole
            and node is not call
            for node in ast.walk(whole)
        )


__all__ = ["Blocked", "Leaving", "Way"]
