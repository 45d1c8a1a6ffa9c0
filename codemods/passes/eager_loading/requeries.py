"""Queries behind a commit: they have to fill the objects that the commit would have expired.

A query leaves the attributes of an object that is in the session as they are, unless they have
expired. What a bulk update, a default of the database or its rounding of a number has changed is
only seen with ``populate_existing``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance, Values
from codemods.passes.eager_loading.commits import Commits
from codemods.passes.eager_loading.reaching import follows
from codemods.passes.eager_loading.sessions import Event, Sessions

_TERMINALS = frozenset(("all", "first", "one", "one_or_none", "get"))
_CALLS = frozenset(("execute", "scalars", "scalar", "exec"))


@dataclass(frozen=True)
class Requery:
    """A statement that has to fill what is there; ``legacy`` says that it is a ``Query``."""

    node: ast.expr
    module: Module
    entity: Class
    legacy: bool


class Requeries:
    """Finds the queries behind commits that give what was changed before."""

    def __init__(self, program: Program, sessions: Sessions, commits: Commits) -> None:
        self.program = program
        self.sessions = sessions
        self.commits = commits

    def of(self, function: Function) -> list[Requery]:
        """The statements of a function to which ``populate_existing`` is added."""
        events = self.sessions.events(function)
        commits = [event for event in events if event.kind == "commit"]
        if not commits:
            return []
        module = function.module
        reloads = {event.call for event in events if event.kind == "reload"}
        found = []
        for node in function.nodes:
            if (
                not isinstance(node, ast.Call)
                or node in reloads
                or not isinstance(node.func, ast.Attribute)
            ):
                continue
            if module.function_of(node) is not function:
                continue
            before = [event for event in commits if follows(event.call, node, module)]
            if not before:
                continue
            statement, legacy = self._statement(node, module)
            if statement is None or populates(statement):
                continue
            entity = self._entity(self.program.infer(statement, module))
            if entity is not None and self._changed(entity, before[-1], function, events):
                found.append(Requery(statement, module, entity, legacy))
        return found

    def _statement(self, call: ast.Call, module: Module) -> tuple[ast.expr | None, bool]:
        func = call.func
        if not isinstance(func, ast.Attribute):
            return None, False
        if func.attr in _CALLS and self.sessions.is_session(func.value, module):
            return (call.args[0] if call.args else None), False
        if func.attr in _TERMINALS and any(
            isinstance(v, Instance) and v.cls == known.QUERY
            for v in self.program.infer(func.value, module)
        ):
            return func.value, True
        return None, False

    def _entity(self, values: Values) -> Class | None:
        for value in values:
            if isinstance(value, Instance) and value.cls in (known.QUERY, known.SELECT):
                for part in value.args:
                    for entity in self.program.models.entities(part):
                        return entity
        return None

    def _changed(
        self, entity: Class, event: Event, function: Function, events: list[Event]
    ) -> bool:
        """Whether instances of the entity were changed here, by hand or in bulk."""
        module = function.module
        for node in function.nodes:
            if not isinstance(node, ast.Call) or not follows(node, event.call, module):
                continue
            match node.func:
                case ast.Attribute(attr="update" | "delete", value=query):
                    if self._entity(self.program.infer(query, module)) is entity:
                        return True
            called = self.program.outside_name(node.func, module)
            if called in ("sqlalchemy.update", "sqlalchemy.delete") and node.args:
                values = self.program.annotation(node.args[0], module)
                if entity in self.program.models.entities(values):
                    return True
        return any(
            self.commits.changed(name, event, function, events)
            for name in function.bindings
            if entity in self.commits.entities(name, function)
        )


def populates(statement: ast.expr) -> bool:
    """Whether a statement says ``populate_existing`` already."""
    return any(
        (isinstance(node, ast.keyword) and node.arg == "populate_existing")
        or (isinstance(node, ast.Attribute) and node.attr == "populate_existing")
        for node in ast.walk(statement)
    )
