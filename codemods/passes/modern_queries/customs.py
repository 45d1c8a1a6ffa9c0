"""What an application can do to change ``Query`` itself: classes, events and properties."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.values import ClassValue, External
from codemods.passes.modern_queries import codes
from codemods.passes.modern_queries.states import UnconvertibleError
from codemods.passes.modern_queries.table import BUILDERS, CLAUSES, TERMINALS, words
from codemods.passes.modern_queries.travel import Part

#: Events that only a ``Query`` fires.
_QUERY_EVENTS = words("before_compile before_compile_update before_compile_delete")
_BULK_EVENTS = words("after_bulk_update after_bulk_delete")
_METHODS = BUILDERS | TERMINALS | CLAUSES.keys()


class Customs:
    """Finds what a ``select()`` would not do as the application's ``Query`` does."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def check(self, part: Part) -> None:
        """Refuse a part whose queries do more than ``Query`` does by itself."""
        if self._query_class:
            raise UnconvertibleError(
                "LL218", f"the sessions have a Query class of their own, {self._query_class}"
            )
        if self._listens(_QUERY_EVENTS):
            raise UnconvertibleError("LL218", "there is an event handler for Query")
        if any(sink.name in ("update", "delete") for sink in part.sinks) and self._listens(
            _BULK_EVENTS
        ):
            raise UnconvertibleError("LL218", "there is an event handler for its bulk changes")

    @cached_property
    def _query_class(self) -> str:
        """A class given as ``query_cls`` that changes what ``Query`` does."""
        for module in self.program.modules.mentioning(("query_cls",)):
            for node in ast.walk(module.tree):
                if isinstance(node, ast.keyword) and node.arg == "query_cls":
                    for value in self.program.infer(node.value, module):
                        if isinstance(value, External) and value.name == known.QUERY:
                            continue
                        if not isinstance(value, ClassValue):
                            return ast.unparse(node.value)
                        if any(name in _METHODS or name[:1] == "_" for name in value.cls.bindings):
                            return value.cls.name
        return ""

    def _listens(self, events: frozenset[str]) -> bool:
        """Whether the name of an event stands anywhere as a string."""
        return any(
            isinstance(node, ast.Constant) and node.value in events
            for module in self.program.modules.mentioning(events)
            for node in ast.walk(module.tree)
        )

    def places(self) -> Iterator[tuple[Module, ast.expr, str, str]]:
        """Queries that do not begin with ``session.query()``: they are left."""
        for module in self.program.modules.mentioning(("query_property",)):
            for call in module.syntax.calls.get("query_property", ()):
                yield (
                    module,
                    call,
                    codes.PROPERTY.code,
                    "queries that begin with a query property of a model are left",
                )
        for module in self.program.modules.mentioning(("Query",)):
            for name in {"Query", *module.syntax.aliases.get("Query", ())}:
                for call in module.syntax.calls.get(name, ()):
                    if External(known.QUERY) in self.program.infer(call.func, module):
                        yield (
                            module,
                            call,
                            codes.UNKNOWN_METHOD.code,
                            "a Query that is made without a session is left",
                        )
