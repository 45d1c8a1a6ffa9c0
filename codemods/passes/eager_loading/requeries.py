"""Queries behind a commit: they have to fill the objects that the commit would have expired.

A query leaves the attributes of an object that is in the session as they are, unless they have
expired. What a bulk update, a default of the database or its rounding of a number has changed is
only seen with ``populate_existing``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance, Values
from codemods.passes.eager_loading.commits import Commits
from codemods.passes.eager_loading.loads import Place
from codemods.passes.eager_loading.reaching import follows, position
from codemods.passes.eager_loading.sessions import Event, Sessions

_TERMINALS = frozenset(("all", "first", "one", "one_or_none", "get"))
_CALLS = frozenset(("execute", "scalars", "scalar", "exec"))
_GETS = frozenset(("get", "get_one"))
STATEMENT, LEGACY, GET = "statement", "legacy", "get"
_DEPTH = 3


@dataclass(frozen=True)
class Requery:
    """A query that has to fill what is there: a statement, a legacy ``Query`` or a ``get``."""

    node: ast.expr
    module: Module
    entity: Class
    form: str


class Requeries:
    """Finds the queries behind commits that give what was changed before."""

    def __init__(
        self,
        program: Program,
        sessions: Sessions,
        commits: Commits,
        places: Mapping[ast.Call, Place],
    ) -> None:
        self.program = program
        self.sessions = sessions
        self.commits = commits
        self.places = places

    def all(self) -> Iterator[Requery]:
        """The queries of a program, each of them once."""
        seen: set[ast.expr] = set()
        for module in self._modules():
            for function in module.functions.values():
                for query in self.of(function):
                    if query.node not in seen:
                        seen.add(query.node)
                        yield query

    def _modules(self) -> list[Module]:
        """The modules that commit, or that name a function that does."""
        words = {"commit"}
        seen: dict[Module, None] = {}
        while words:
            more = [m for m in self.program.modules.mentioning(words) if m not in seen]
            seen |= dict.fromkeys(more)
            functions = [f for module in more for f in module.functions.values()]
            words = {f.name for f in functions if self.sessions.commits(f)}
        return [module for module in seen if not is_migration(module)]

    def of(self, function: Function) -> list[Requery]:
        """The queries to which ``populate_existing`` is added for what a function does."""
        events = self.sessions.events(function)
        commits = [event for event in events if event.kind in ("commit", "calls")]
        if not commits:
            return []
        module = function.module
        reloads = {event.call for event in events if event.kind == "reload"}
        found = []
        for node in function.nodes:
            if not isinstance(node, ast.Call) or node in reloads:
                continue
            if module.function_of(node) is not function:
                continue
            before = [event for event in commits if follows(event.call, node, module)]
            if not before:
                continue
            for query in self._queries(node, module, 0):
                here = query.module is module and module.function_of(query.node) is function
                direct = [event for event in before if event.kind == "commit"]
                stale = here and direct and query.form != GET
                if (stale and self._changed(query, direct[-1], function, events)) or (
                    self._holds_changed(query, node, before[-1], function, events)
                ):
                    found.append(query)
        return found

    def _queries(self, call: ast.Call, module: Module, depth: int) -> Iterator[Requery]:
        """The query that a call runs, or those of the functions that it calls."""
        if (query := self._query(call, module)) is not None:
            yield query
        if depth >= _DEPTH:
            return
        for target in self.program.calls.targets(call, module):
            if self.sessions.commits(target) or target.is_generator:
                continue  # what it commits itself is looked at there
            for node in target.nodes:
                if isinstance(node, ast.Call) and target.module.function_of(node) is target:
                    yield from self._queries(node, target.module, depth + 1)

    def _query(self, call: ast.Call, module: Module) -> Requery | None:
        func = call.func
        if not isinstance(func, ast.Attribute):
            return None
        statement: ast.expr = call
        values: Values = frozenset()
        if self.sessions.is_session(func.value, module):
            if func.attr in _CALLS and call.args:
                statement, form = call.args[0], STATEMENT
                values = self.program.infer(statement, module)
            elif func.attr in _GETS and call.args:
                form = GET
                entities = self.program.models.entities(self.program.infer(call, module))
                values = frozenset((Instance(known.SELECT, (frozenset(map(Instance, entities)),)),))
            else:
                return None
        elif func.attr in _TERMINALS:
            statement, form = func.value, LEGACY
            values = frozenset(
                v
                for v in self.program.infer(statement, module)
                if isinstance(v, Instance) and v.cls == known.QUERY
            )
        else:
            return None
        entity = self._entity(values)
        if entity is None or populates(statement):
            return None
        return Requery(statement, module, entity, form)

    def _entity(self, values: Values) -> Class | None:
        for value in values:
            if isinstance(value, Instance) and value.cls in (known.QUERY, known.SELECT):
                for part in value.args:
                    for entity in self.program.models.entities(part):
                        return entity
        return None

    def _changed(
        self, query: Requery, event: Event, function: Function, events: list[Event]
    ) -> bool:
        """Whether instances of the entity were changed in a function before its commit."""
        return query.entity in self._in_bulk(function, event) or any(
            self.commits.changed(name, event, function, events)
            for name in function.bindings
            if query.entity in self.commits.entities(name, function)
        )

    def _holds_changed(
        self, query: Requery, call: ast.Call, event: Event, function: Function, events: list[Event]
    ) -> bool:
        """Whether a query loads collections that can be in the session, and that have changed.

        They keep what was put into them, in that order, and lack what was saved beside them.
        """
        collections = self._collections(query, call)
        if not collections or not any(
            query.entity in self.commits.entities(name, function)
            and any(position(b.node) < position(event.call) for b in bindings)
            for name, bindings in function.bindings.items()
        ):
            return False
        changed = self._changes(function, event, events, 0)
        return bool(changed & {query.entity, *collections})

    def _collections(self, query: Requery, call: ast.Call) -> set[Class]:
        """What the collections hold that a query is told to load."""
        around = [place for node, place in self.places.items() if node is call]
        around += [
            place
            for node in ast.walk(query.node)
            if isinstance(node, ast.Call) and (place := self.places.get(node)) is not None
        ]
        if isinstance(query.node, ast.Name):
            function = query.module.function_of(query.node)
            around += [p for p in self.places.values() if p.module.function_of(p.node) is function]
        relationships = self.program.models.relationships(query.entity)
        found = [relationships.get(load.path[0]) for place in around for load in place.loads]
        return {one.target for one in found if one is not None and one.many and one.target}

    def _changes(
        self, function: Function, event: Event, events: list[Event], depth: int
    ) -> set[Class]:
        """The classes whose instances are made or changed up to a commit."""
        module = function.module
        found = self._in_bulk(function, event)
        for name in function.bindings:
            if self.commits.changed(name, event, function, events):
                found.update(self.commits.entities(name, function))
        for node in function.nodes:
            if not isinstance(node, ast.Call) or position(node) > position(event.call):
                continue
            if self.sessions.makes(node, module):
                found.update(self.program.models.entities(self.program.infer(node, module)))
            for target in self.program.calls.targets(node, module) if depth < _DEPTH else ():
                inner = self.sessions.events(target)
                commits = [e for e in inner if e.kind in ("commit", "calls")]
                if commits and target is not function:
                    found |= self._changes(target, commits[-1], inner, depth + 1)
        return found

    def _in_bulk(self, function: Function, event: Event) -> set[Class]:
        """The classes that an ``UPDATE`` or ``DELETE`` before a commit is about."""
        module = function.module
        found: set[Class] = set()
        for node in function.nodes:
            if not isinstance(node, ast.Call) or not follows(node, event.call, module):
                continue
            match node.func:
                case ast.Attribute(attr="update" | "delete", value=query):
                    entity = self._entity(self.program.infer(query, module))
                    found |= {entity} if entity is not None else set()
            called = self.program.outside_name(node.func, module)
            if called in ("sqlalchemy.update", "sqlalchemy.delete") and node.args:
                values = self.program.annotation(node.args[0], module)
                found.update(self.program.models.entities(values))
        return found


def populates(statement: ast.expr) -> bool:
    """Whether a statement says ``populate_existing`` already."""
    return any(
        (isinstance(node, ast.keyword) and node.arg == "populate_existing")
        or (isinstance(node, ast.Attribute) and node.attr == "populate_existing")
        for node in ast.walk(statement)
    )
