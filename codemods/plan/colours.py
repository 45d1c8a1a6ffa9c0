"""The colour of every function: which become ``async def``, because of whom, and which can't.

A function that must wait becomes async, and then so does everything that calls it, up to a place
where the colour may change: a path operation, a dependency, a test, the entry of a script. Where
that way is closed (a property, a lambda handed to a stranger, a decorator that wraps sync
functions) the function stays sync, and with it every function below that waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from codemods.facts.syntax import Function
from codemods.plan.climb import AwaitedCall, Cause, Climb, place


class Colouring:
    """Colours the functions that wait and everything that calls them: what a climb has touched.

    ``earlier`` says why functions stayed sync in the round before: a function keeps its first
    reason, so that no two are each other's.
    """

    def __init__(
        self, climb: Climb, earlier: Mapping[Function, Cause] = MappingProxyType({})
    ) -> None:
        self.climb = climb
        self.earlier = earlier
        self.program = climb.program
        self.framework = climb.framework
        self.sync: dict[Function, Cause] = {}
        self.asynchronous: dict[Function, Cause] = {}
        self.calls: list[AwaitedCall] = []
        self._colour()

    # -- the fixed point ---------------------------------------------------------------------

    def _colour(self) -> None:
        touched = self.climb.touched
        below: dict[Function, set[Function]] = {}
        for function, calls in self.climb.callers.items():
            for awaited in calls:
                if awaited.caller is not None:
                    below.setdefault(awaited.caller, set()).add(function)
        queue = [f for f in touched if f in self.climb.obstacles]
        self.sync = {f: self.earlier.get(f, self.climb.obstacles[f]) for f in queue}
        while queue:
            function = queue.pop()
            alike = self.climb.alike.get(function, set())
            members = (
                self.program.calls.family(function)
                | alike
                | {
                    callee
                    for callee in below.get(function, set())
                    if not self.framework.twofold(callee)
                }
            )
            for other in sorted(members, key=place):
                if other in touched and other not in self.sync:
                    cause = Cause(f"is called by {function.qualname}, which stays sync", function)
                    self.sync[other] = self.earlier.get(other, cause)
                    queue.append(other)
        for function, cause in touched.items():
            if function in self.sync:
                continue
            self.asynchronous[function] = cause
        self._drop_unjustified()
        for function in self.asynchronous:
            self.calls.extend(
                call
                for call in self.climb.callers.get(function, ())
                if call.caller is None or call.caller in self.asynchronous
            )

    def callers_of(self, function: Function) -> list[AwaitedCall]:
        """The calls of a function that were found on the way up."""
        return self.climb.callers.get(function, [])

    def _drop_unjustified(self) -> None:
        """A function that waits only through callees that stay sync need not be async itself."""
        callees: dict[Function, set[Function]] = {}
        for function, calls in self.climb.callers.items():
            for awaited in calls:
                if awaited.caller is not None:
                    callees.setdefault(awaited.caller, set()).add(function)
        #: Whom it justifies that a function waits: each question is asked once.
        justified: dict[Function, list[Function]] = {}
        families: dict[frozenset[Function], list[Function]] = {}
        for function in self.asynchronous:
            families.setdefault(self.program.calls.family(function), []).append(function)
            for other in (*self.climb.alike.get(function, ()), *callees.get(function, ())):
                justified.setdefault(other, []).append(function)
        related: dict[Function, list[list[Function]]] = {}
        for family, members in families.items():
            for other in family:
                related.setdefault(other, []).append(members)
        waiting = [
            f
            for f in self.asynchronous
            if f in self.climb.waiting or not callees.get(f, set()).isdisjoint(self.sync)
        ]
        kept = set(waiting)
        while waiting:
            function = waiting.pop()
            for group in (justified.pop(function, []), *related.pop(function, ())):
                fresh = [other for other in group if other not in kept]
                kept.update(fresh)
                waiting += fresh
                group.clear()
        self.asynchronous = {f: c for f, c in self.asynchronous.items() if f in kept}

    def chain(self, function: Function) -> tuple[str, ...]:
        """The reasons for the colour of a function, nearest first."""
        found: list[str] = []
        table = self.asynchronous if function in self.asynchronous else self.sync
        current: Function | None = function
        seen: set[Function] = set()
        while current is not None and current in table and current not in seen:
            seen.add(current)
            cause = table[current]
            found.append(cause.text if current is function else f"{current.name} {cause.text}")
            current = cause.because
        return tuple(found)
