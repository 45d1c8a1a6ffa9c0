"""Which expression gives the session at the place where a query is run."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function, Scope
from codemods.passes.modern_queries.states import State, UnconvertibleError
from codemods.passes.modern_queries.travel import Node, Sink, Travel
from codemods.passes.modern_queries.versions import sqlalchemy_version


class Sessions:
    """Answers for each sink which source text stands for its session."""

    def __init__(self, program: Program, travel: Travel) -> None:
        self.program = program
        self.travel = travel
        self.version = sqlalchemy_version(program)

    def expression(self, sink: Sink) -> str:
        """The session of all queries that reach a sink; raises where there is not just one."""
        states = sink.source.states
        texts = {ast.unparse(session_of(state)) for state in states}
        if len(texts) != 1:
            raise UnconvertibleError("LL217", "it comes from different sessions")
        for state in states:
            if not self._direct(sink.source, state) and not self._same(state, sink):
                raise UnconvertibleError(
                    "LL217", f"its session ({texts.copy().pop()}) is not at hand where it is run"
                )
        return texts.pop()

    def _direct(self, node: Node, state: State) -> bool:
        """Whether the query is run by the expression that makes it."""
        while node.kind == "step":
            node = node.inputs[0]
        return node.node is state.root

    def _same(self, state: State, sink: Sink) -> bool:
        """Whether the text of the session means the same session at the sink."""
        session = session_of(state)
        inner = session
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        if not isinstance(inner, ast.Name):
            return False
        if state.module is not sink.module:
            return False
        here, there = state.module.scope_of(state.root), sink.module.scope_of(sink.node)
        holder, other = here.lookup(inner.id), there.lookup(inner.id)
        if holder is None or other is None:
            return False
        if holder is not other and not self._same_self(holder, other, inner.id, session):
            return False
        if isinstance(session, ast.Attribute) and self._assigned(session, state.module, holder):
            return False
        return holder is not other or self._steady(holder, inner, sink)

    def _same_self(self, holder: Scope, other: Scope, name: str, session: ast.expr) -> bool:
        """``self.db`` is the same in all methods of a class."""
        return (
            isinstance(session, ast.Attribute)
            and isinstance(holder, Function)
            and isinstance(other, Function)
            and isinstance(holder.parent, Class)
            and holder.parent is other.parent
            and bool(holder.parameters and other.parameters)
            and holder.parameters[0].arg == name == other.parameters[0].arg
        )

    def _steady(self, holder: Scope, name: ast.Name, sink: Sink) -> bool:
        """Whether a name has the same value where the query is made and where it is run."""
        if len(holder.bindings[name.id]) == 1:
            return True
        reach = self.travel.reach(holder)
        made = reach.reads.get(name)
        run = reach.at(sink.module.statement(sink.node), name.id)
        return made is not None and len(made) == 1 and made == run

    def _assigned(self, session: ast.Attribute, module: Module, holder: Scope) -> bool:
        """Whether a function sets the attribute that holds the session."""
        text = ast.unparse(session)
        return any(
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and node.attr == session.attr
            and ast.unparse(node) == text
            for node in ast.walk(holder.node)
        )


def session_of(state: State) -> ast.expr:
    """The expression that ``query`` was called on."""
    func = state.root.func
    assert isinstance(func, ast.Attribute)
    return func.value
