"""Relationships that a test reads: they are loaded in the test, in front of the first reader.

Between the query and the reader, a test makes the application change what it reads; and what only
a test reads is not loaded for it by the application.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function
from codemods.facts.values import Instance
from codemods.passes.eager_loading.reaching import (
    blocks,
    dominates,
    insertable,
    loops_around,
    position,
    reaching,
)
from codemods.passes.eager_loading.reloads import Reload
from codemods.passes.eager_loading.render import free_name
from codemods.passes.eager_loading.requests import is_request
from codemods.passes.eager_loading.sessions import Event, Sessions, whole
from codemods.passes.eager_loading.ways import Frame, Kind, Landing, Path, Touch

_STORING = ("commit", "flush", "calls", "refresh", "reload")
_ENDING = ("commit", "calls", "rolls", "rollback", "expire", "expire_all")
#: What need not be evaluated, or more than once.
_MAYBE = (
    ast.BoolOp,
    ast.IfExp,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


@dataclass
class Reread:
    """Relationships of a name that are loaded before a statement.

    ``each`` says that it is a list of objects, ``asks`` that the object may not be stored,
    ``guard`` that it can be None. ``value`` is the call that gets the name first.
    """

    function: Function
    name: str
    session: str
    statement: ast.stmt
    entity: Class
    each: bool = False
    asks: bool = False
    guard: bool = False
    value: ast.Call | None = None
    paths: set[Path] = field(default_factory=set)
    landings: list[Landing] = field(default_factory=list)


class Rereads:
    """Finds where the tests have to load what they read."""

    def __init__(
        self,
        program: Program,
        sessions: Sessions,
        names: dict[ast.Name, set[tuple[Class, Path]]],
    ) -> None:
        self.program = program
        self.sessions = sessions
        self.names = names
        self.found: list[Reread] = []

    def settle(self, landings: Iterable[tuple[Landing, Path]]) -> list[tuple[Landing, Path]]:
        """Take the landings for which a test can load itself; the others are given back."""
        rest: list[tuple[Landing, Path]] = []
        ordered = sorted(landings, key=lambda one: position(one[0].demand.touch.node))
        for landing, path in ordered:
            if not self._loads(landing):
                rest.append((landing, path))
        return rest

    def _loads(self, landing: Landing) -> bool:
        place = self._place(landing)
        if place is None:
            return False
        node, base, module = place
        function = module.function_of(node)
        if function is None:
            return False
        use = self._name(node, base, function)
        if use is None or self._is_at_once(landing, use, function):
            return False
        paths = {path for _, path in self.names[use]}
        if not paths:
            return False
        if self._is_loaded(use, paths, function):
            return True
        reread = self._reread(landing, use, function)
        if reread is None:
            return False
        for other in self.found:
            if self._covers(other, reread, use):
                reread = other
                break
        else:
            self.found.append(reread)
        reread.paths |= paths
        reread.landings.append(landing)
        return True

    def _place(self, landing: Landing) -> tuple[ast.AST, ast.AST, Module] | None:
        """Where a test reads, or hands an object of its own to what reads it, and the object."""
        demand = landing.demand
        touch = demand.touch
        web = self.program.web
        if web.in_tests(touch.module):
            return touch.node, touch.base, touch.module
        if not web.in_tests(demand.module):
            return None
        for frame in (*demand.trail[1:], Frame(demand.use, demand.module)):
            function = frame.module.function_of(frame.use)
            if web.in_tests(frame.module) and function is not None and web.is_pytest(function):
                return frame.use, frame.use, frame.module
        return None

    def name_values(self, landings: Iterable[tuple[Landing, Path]]) -> list[tuple[Landing, Path]]:
        """Give a name to what a call in a test gives, to load it; the others are given back."""
        rest: list[tuple[Landing, Path]] = []
        named: dict[ast.expr, Reread] = {}
        for landing, path in landings:
            value = _call_in(landing.demand.touch)
            if value is not None and value not in named:
                reread = self._named(value, landing)
                if reread is not None:
                    named[value] = reread
                    self.found.append(reread)
            known = named.get(value) if value is not None else None
            if known is None or known.entity is not landing.demand.entity:
                rest.append((landing, path))
                continue
            known.paths.add(path)
            known.landings.append(landing)
        return rest

    def _named(self, value: ast.Call, landing: Landing) -> Reread | None:
        module = landing.demand.touch.module
        function = module.function_of(value)
        statement = module.statement(value)
        if function is None or not isinstance(statement, ast.Assert | ast.Expr | ast.Assign):
            return None
        for parent in module.ancestors(value):
            if parent is statement:
                break
            if isinstance(parent, _MAYBE):
                return None
        session = self.sessions.session_of(function, statement)
        name = free_name(landing.demand.entity, function)
        if not session or not name:
            return None
        return Reread(function, name, session, statement, landing.demand.entity, value=value)

    def prune(self, reloads: Iterable[Reload]) -> None:
        """Drop what the application has just loaded, when the test reads it."""
        spots = {(one.spot.function, one.spot.name): one.paths for one in reloads}
        self.found = [
            reread
            for reread in self.found
            if not all(self._is_just_loaded(landing, reread, spots) for landing in reread.landings)
        ]

    def _is_just_loaded(
        self, landing: Landing, reread: Reread, spots: dict[tuple[Function, str], set[Path]]
    ) -> bool:
        demand = landing.demand
        frames = [*demand.trail, Frame(demand.use, demand.module)]
        for use, module in ((frame.use, frame.module) for frame in frames):
            function = module.function_of(use)
            if not isinstance(use, ast.Name) or function is None:
                continue
            loaded = set(spots.get((function, use.id), ()))
            for event in self.sessions.events(function):
                if event.kind == "reload" and event.name == use.id:
                    loaded |= event.paths
            if reread.paths <= loaded:
                call = demand.stack[0].call if demand.stack else None
                return call is not None and self._is_next(call, reread)
        return False

    def _is_next(self, call: ast.AST, reread: Reread) -> bool:
        """Whether a test reads what a call gave in the same statement, or in the next one."""
        module = reread.function.module
        if module.function_of(call) is not reread.function:
            return False
        made = module.statement(call)
        if made is reread.statement:
            return True
        first, last = blocks(made, module), blocks(reread.statement, module)
        if not first or not last:
            return False
        return first[0][:2] == last[0][:2] and first[0][2] + 1 == last[0][2]

    def _name(self, node: ast.AST, base: ast.AST, function: Function) -> ast.Name | None:
        """The name in the statement of the reader by which the function holds the object."""
        module = function.module
        statement = module.statement(node)
        names = [
            node
            for node in ast.walk(statement)
            if isinstance(node, ast.Name)
            and self.names.get(node)
            and module.scope_of(node).lookup(node.id) is function
        ]
        inside = {id(node) for node in ast.walk(base)}
        direct = [node for node in names if id(node) in inside]
        return next(iter(direct or names), None)

    def _is_at_once(self, landing: Landing, use: ast.Name, function: Function) -> bool:
        """Whether the test asks for the object itself and reads it with nothing in between."""
        if landing.kind not in (Kind.QUERY, Kind.GET):
            return False
        module = function.module
        if module.function_of(landing.node) is not function:
            return False
        query, reader = module.statement(landing.node), module.statement(use)
        suite = blocks(query, module)
        here = blocks(reader, module)
        if not suite or not here or suite[0][:2] != here[0][:2]:
            return False
        between = getattr(suite[0][0], suite[0][1])[suite[0][2] + 1 : here[0][2]]
        return not any(isinstance(n, ast.Call) for s in between for n in ast.walk(s))

    def _is_loaded(self, use: ast.Name, paths: set[Path], function: Function) -> bool:
        """Whether the paths were loaded on purpose, in front of the reader."""
        module = function.module
        for event in self.sessions.events(function):
            statement, listed = whole(event, module)
            if (
                event.kind == "reload"
                and use.id in (event.name, listed)
                and paths <= event.paths
                and dominates(statement, use, module)
            ):
                return True
        return False

    def _reread(self, landing: Landing, use: ast.Name, function: Function) -> Reread | None:
        module = function.module
        statement = module.statement(use)
        bound = reaching(use, function, module)
        for loop in loops_around(use, module):
            nodes = [binding.node for binding in bound]
            if isinstance(loop, ast.stmt) and not any(
                node is loop or loop in set(module.ancestors(node)) for node in nodes
            ):
                statement = loop
        statement = insertable(statement, module)
        session = self.sessions.session_of(function, statement)
        if not session and not self.program.web.in_tests(landing.demand.touch.module):
            session = self._fixture(use, function)
        if not session or not bound or isinstance(statement, ast.FunctionDef):
            return None
        entities = {entity for entity, _ in self.names[use]}
        if len(entities) != 1:
            return None
        values = self.program.inference.bound(function, use.id)
        each = not self.program.models.entities(values)
        if each and not any(isinstance(getattr(v, "cls", None), str) for v in values):
            return None
        guard = not each and self.sessions.can_be_none(use.id, statement, function)
        asks = landing.kind is Kind.FRESH and not self._is_stored(use, bound, function)
        return Reread(
            function, use.id, session, statement, entities.pop(), each=each, asks=asks, guard=guard
        )

    def _fixture(self, use: ast.Name, function: Function) -> str:
        """The session of the fixture that gives an object, which a test can ask for too."""
        web = self.program.web
        fixture = web.fixture(function, use.id) if web.is_pytest(function) else None
        for parameter in fixture.parameters if fixture is not None else ():
            values = self.program.parameter(fixture, parameter) if fixture is not None else ()
            if parameter.arg in function.bindings or not web.fixture(function, parameter.arg):
                continue
            if any(
                isinstance(v, Instance) and self.program.is_session_class(v.cls) for v in values
            ):
                return parameter.arg
        return ""

    def _is_stored(self, use: ast.Name, bound: list[Binding], function: Function) -> bool:
        """Whether an object is in the database when it is read."""
        module = function.module
        for binding in bound:
            if binding.kind == "parameter" and isinstance(binding.node, ast.arg):
                fixture = self.program.web.fixture(function, binding.node.arg)
                if fixture is None or not self.sessions.commits(fixture):
                    return False
                continue
            if isinstance(binding.value, ast.Call) and any(
                self.sessions.commits(target)
                for target in self.program.calls.targets(binding.value, module)
            ):
                continue
            if not any(
                event.kind in _STORING
                and position(event.call) > position(binding.node)
                and dominates(event.call, use, module)
                for event in self.sessions.events(function)
            ):
                return False
        return True

    def _covers(self, earlier: Reread, later: Reread, use: ast.Name) -> bool:
        """Whether what was loaded before is still what the reader would load."""
        if (earlier.function, earlier.name) != (later.function, later.name):
            return False
        module = earlier.function.module
        if earlier.statement is later.statement:
            return True
        if not dominates(earlier.statement, later.statement, module):
            return False
        first, last = position(earlier.statement), position(later.statement)
        return not any(
            first < position(call) < last for call in self._endings(earlier.function, module)
        )

    def _endings(self, function: Function, module: Module) -> list[ast.Call]:
        """The calls of a test behind which the database can hold something else."""
        events: list[Event] = self.sessions.events(function)
        found = [event.call for event in events if event.kind in _ENDING]
        for node in function.nodes:
            if isinstance(node, ast.Call) and is_request(node):
                found.append(node)
        return found


def _call_in(touch: Touch) -> ast.Call | None:
    """The call of which a touch reads relationships at once: ``get(db, 1).posts``."""
    base: ast.expr = touch.base
    while isinstance(base, ast.Attribute | ast.Subscript):
        base = base.value
    return base if isinstance(base, ast.Call) else None
