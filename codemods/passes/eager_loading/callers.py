"""Who calls a function, and who of them reads relationships of what it gives."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codemods.facts import Program
from codemods.facts.syntax import Function
from codemods.passes.eager_loading.ways import Landing


class Callers:
    """The calls of functions, tests left out, and those on the way of some landing."""

    def __init__(self, program: Program, landings: Iterable[Landing]) -> None:
        self.program = program
        self._calls: dict[Function, list[ast.AST]] = {}
        self._demanding: dict[Function, set[int]] = {}
        for landing in landings:
            for frame in landing.demand.trail:
                if frame.hop is not None:
                    callee, call = frame.hop.callee, frame.hop.call
                    self._demanding.setdefault(callee, set()).add(id(call))

    def calls(self, function: Function) -> list[ast.AST]:
        """The calls of a function, or the places that name it."""
        if function not in self._calls:
            web = self.program.web
            self._calls[function] = [
                reference.call or reference.node
                for reference in self.program.calls.references(function)
                if not web.in_tests(reference.module)
            ]
        return self._calls[function]

    def others(self, function: Function) -> bool:
        """Whether some callers of a function read no relationship of what it gives."""
        demanding = self._demanding.get(function, set())
        return any(
            isinstance(call, ast.Call) and id(call) not in demanding
            for call in self.calls(function)
        )
