"""The session for each sink: the one at hand, or a parameter that hands it over."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.modern_queries.sessions import Sessions
from codemods.passes.modern_queries.states import UnconvertibleError
from codemods.passes.modern_queries.travel import Node, Part, Sink


class Supply:
    """Hands sessions to the sinks of one connected part."""

    def __init__(self, sessions: Sessions, part: Part) -> None:
        self.sessions = sessions
        self.part = part
        #: The parameters that are added, by function.
        self.parameters: dict[Function, str] = {}
        #: What their calls pass.
        self.passed: list[tuple[ast.Call, Module, str, str]] = []
        self._asking: set[Function] = set()

    def expression(self, sink: Sink) -> str:
        """The source text of the session at a sink."""
        return self._at(sink.source, sink)

    def _at(self, node: Node, place: Sink) -> str:
        sessions = {state.session for state in node.states}
        start = node
        while start.kind == "step":
            start = start.inputs[0]
        if len(sessions) == 1:
            (session,) = sessions
            if self.sessions.valid(session, start.node, place.node, place.module):
                return session.text
        function = place.module.function_of(place.node)
        if function is not None and any(self._taken(function)):
            return self._requested(function)
        texts = sorted({session.text for session in sessions if session.text})
        if len(texts) > 1:
            raise UnconvertibleError("LL217", "it comes from different sessions")
        name = f" ({texts[0]})" if texts else ""
        raise UnconvertibleError("LL217", f"its session{name} is not at hand where it is run")

    def _taken(self, function: Function) -> Iterator[Node]:
        """The parameters of a function that take queries."""
        for node in self.part.nodes:
            if node.kind == "parameter" and node.function is function:
                yield node

    def _requested(self, function: Function) -> str:
        """The name of the parameter that hands the session to a function."""
        if function in self.parameters:
            return self.parameters[function]
        if function in self._asking:
            raise UnconvertibleError("LL217", f"{function.name} calls itself without a session")
        self._asking.add(function)
        given = [
            (call, module, self._at(source, Sink("call", call, source, module)))
            for node in self._taken(function)
            for source, (call, module) in node.calls.items()
        ]
        name = self._name(function, given[0][2])
        self.parameters[function] = name
        self.passed += [(call, module, name, text) for call, module, text in dict.fromkeys(given)]
        return name

    def _name(self, function: Function, text: str) -> str:
        """A name for the session that the function does not use yet, best that of a caller."""
        wanted = [text.rpartition(".")[2], "session", "db_session"]
        taken = set(function.bindings) | {
            name.id
            for names in function.module.syntax.references.values()
            for name in names
            if isinstance(name, ast.Name) and function.module.function_of(name) is function
        }
        for name in wanted:
            if name.isidentifier() and name not in taken and name != "self":
                return name
        raise UnconvertibleError("LL217", f"there is no free name for a session in {function.name}")
