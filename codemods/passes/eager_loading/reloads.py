"""Objects that were just saved: they are read again, with their relationships, behind that.

An option on the query that fed them would load relationships that the commit makes stale, and a
new object has no such query.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance
from codemods.passes.eager_loading.callers import Callers
from codemods.passes.eager_loading.reaching import (
    behind,
    dominates,
    follows,
    insertable,
    is_certain,
    position,
    reaching,
)
from codemods.passes.eager_loading.render import free_name, primary_key
from codemods.passes.eager_loading.sessions import Event, Sessions
from codemods.passes.eager_loading.ways import Frame, Kind, Landing, Path, Touch

#: Events behind which nothing is unsaved.
_STORES = ("commit", "flush", "refresh")


@dataclass(frozen=True)
class Spot:
    """Where in a function an object is read again.

    ``statement`` is replaced where it is a plain ``refresh``. Where it is the ``return`` of a
    call, its value gets the name first. Else the object is read ``before`` it, or behind it.
    ``stored`` says that this is right behind the commit or flush: nothing can be unsaved there,
    ``guard`` that the object can be None.
    """

    function: Function
    name: str
    session: str
    statement: ast.stmt
    replaces: bool = False
    before: bool = False
    stored: bool = False
    guard: bool = False


@dataclass
class Reload:
    """An object that is read again, with what is read of it then."""

    spot: Spot
    entity: Class
    paths: set[Path] = field(default_factory=set)
    touches: list[Touch] = field(default_factory=list)


@dataclass(frozen=True)
class _Frame:
    """A function on the way, and the expression by which it uses the object.

    ``entered`` is the call by which the way goes on into another function.
    """

    use: ast.expr
    module: Module
    function: Function
    entered: ast.AST | None


@dataclass
class Settled:
    """What became of landings: reloads, those left for loader options, and those lost."""

    reloads: list[Reload] = field(default_factory=list)
    open: list[tuple[Landing, Path]] = field(default_factory=list)
    lost: list[tuple[Landing, str]] = field(default_factory=list)


class Reloads:
    """Finds the place behind which a saved object has to be read again."""

    def __init__(
        self,
        program: Program,
        sessions: Sessions,
        callers: Callers,
        related: Mapping[ast.Name, set[tuple[Class, Path]]],
    ) -> None:
        self.program = program
        #: What is read of the objects that names stand for.
        self.related = related
        self.sessions = sessions
        self.callers = callers

    def settle(self, landings: Iterable[tuple[Landing, Path]]) -> Settled:
        """Sort the landings by their remedy."""
        result = Settled()
        found: dict[tuple[int, str], Reload] = {}
        for landing, path in landings:
            barred, always, spot = self._barrier(landing, path)
            fresh = landing.kind is Kind.FRESH
            entity, rest = landing.demand.entity, path
            if barred and always and spot is None and not fresh:
                spot, entity, rest = self._on_the_way(landing, path) or (None, entity, path)
            if spot is not None:
                key = (id(spot.statement), spot.name)
                reload = found.setdefault(key, Reload(spot, entity))
                reload.paths.add(rest)
                reload.touches.append(landing.demand.touch)
            elif barred and fresh:
                result.lost.append((landing, "it is saved where no session is at hand"))
            if not fresh and not (always and (spot is not None or not barred)):
                result.open.append((landing, path))
        result.reloads = list(found.values())
        return result

    def _barrier(self, landing: Landing, path: Path) -> tuple[bool, bool, Spot | None]:
        """Whether the object is saved before it is read, in every case, and the place for it."""
        fresh = landing.kind is Kind.FRESH
        if landing.demand.many and not fresh:
            return False, False, None
        frames = self._frames(landing)
        for index, frame in enumerate(frames):
            if isinstance(frame.use, ast.Name):
                events = self._events(frame, fresh)
                if not events:
                    continue
                event = events[-1]
                always = dominates(event.call, frame.use, frame.module)
                somewhere = fresh and not always and _is_stored(frame, events)
                if event.kind == "reload" and not somewhere:
                    ends = {path} | {rest for _, rest in self.related.get(frame.use, ())}
                    if any(path[-len(end) :] == end for end in ends & event.paths):
                        return False, True, None
                return True, always, self._spot(landing, frames, index, events)
            elif fresh and frame.entered is None and self._saves(frame.use, frame.module):
                return True, True, self._outside(landing, frames, index)
        return False, False, None

    def _on_the_way(self, landing: Landing, path: Path) -> tuple[Spot, Class, Path] | None:
        """``old = person.team``: what a relationship led to before the commit is read again."""
        for frame in self._frames(landing):
            events = self._events(frame, False)
            if not isinstance(frame.use, ast.Name) or not events:
                continue
            statement = frame.module.statement(events[-1].call)
            session = events[-1].session or self.sessions.session_of(frame.function, statement)
            if not session or not isinstance(statement, ast.Expr):
                return None
            name = frame.use.id
            for entity, rest in sorted(self.related.get(frame.use, ()), key=str):
                if rest == path[-len(rest) :] and self._is_of(name, entity, frame.function):
                    guard = self.sessions.can_be_none(name, statement, frame.function)
                    spot = Spot(frame.function, name, session, statement, guard=guard)
                    return spot, entity, rest
        return None

    def _frames(self, landing: Landing) -> list[_Frame]:
        demand = landing.demand
        found = []
        for frame in (*demand.trail, Frame(demand.use, demand.module)):
            function = frame.module.function_of(frame.use)
            if function is not None:
                entered = frame.hop.call if frame.hop is not None else None
                found.append(_Frame(frame.use, frame.module, function, entered))
        return found

    # -- the place ---------------------------------------------------------------------------

    def _spot(
        self, landing: Landing, frames: list[_Frame], index: int, events: list[Event]
    ) -> Spot | None:
        """Behind the event itself, or behind the call of the function that it happens in."""
        frame = frames[index]
        entity = landing.demand.entity
        if not primary_key(entity, self.program):
            return None
        name = frame.use.id if isinstance(frame.use, ast.Name) else ""
        # What a function reads itself, it reads for whoever calls it.
        shared = index > 0 and self._is_shared(frame.function)
        if self._is_of(name, entity, frame.function) and not shared:
            spot = self._behind(events, name, frame)
            if spot is not None:
                return spot
        return self._outside(landing, frames, index - 1)

    def _outside(self, landing: Landing, frames: list[_Frame], index: int) -> Spot | None:
        """Behind a call that gives the saved object, in the nearest function that can do it."""
        entity = landing.demand.entity
        if not primary_key(entity, self.program):
            return None
        for frame in reversed(frames[: index + 1]):
            statement = frame.module.statement(frame.use)
            session = self.sessions.session_of(frame.function, statement)
            if not session:
                continue
            if isinstance(frame.use, ast.Name):
                if not self._is_of(frame.use.id, entity, frame.function):
                    continue
                statement = insertable(statement, frame.module)
                return Spot(frame.function, frame.use.id, session, statement, before=True)
            surely = self._is_surely(frame.use, frame.module, entity)
            if surely and isinstance(statement, ast.Return) and statement.value is frame.use:
                name = free_name(entity, frame.function)
                if name:
                    return Spot(frame.function, name, session, statement)
        return None

    def _is_surely(self, use: ast.expr, module: Module, entity: Class) -> bool:
        """Whether a call gives the entity: by what is known of it, or by what it is handed."""
        parts = [[use]]
        if isinstance(use, ast.Call):
            parts.append([*use.args, *(k.value for k in use.keywords)])
        return any(
            {
                cls
                for node in nodes
                for cls in self.program.models.entities(self.program.infer(node, module))
            }
            == {entity}
            for nodes in parts
        )

    def _behind(self, events: list[Event], name: str, frame: _Frame) -> Spot | None:
        event = events[-1]
        statement = frame.module.statement(event.call)
        session = event.session or self.sessions.session_of(frame.function, statement)
        if not session or isinstance(statement, ast.Return | ast.If | ast.For | ast.While):
            return None
        if _is_stored(frame, events):
            # Whichever way was taken, it is stored: so it is read again behind all of them.
            statement = behind(event.call, frame.use, frame.module)
        replaces = event.kind in ("refresh", "reload") and isinstance(statement, ast.Expr)
        if not replaces and self.sessions.can_be_none(name, statement, frame.function):
            # Whatever makes sure that it is not None stands between the event and the reader.
            before = insertable(frame.module.statement(frame.use), frame.module)
            if position(before) < position(statement):
                return None
            return Spot(frame.function, name, session, before, before=True)
        stored = event.kind in _STORES and statement is frame.module.statement(event.call)
        return Spot(frame.function, name, session, statement, replaces, stored=stored)

    def _is_of(self, name: str, entity: Class, function: Function) -> bool:
        """Whether a name stands for instances of just that class."""
        values = self.program.inference.bound(function, name)
        opaque = Instance(known.OPAQUE) in values
        if set(self.program.models.entities(values)) == {entity} and not opaque:
            return True
        bound = [binding.value for binding in function.bindings.get(name, ())]
        return bool(bound) and all(
            value is not None and self._is_surely(value, function.module, entity) for value in bound
        )

    def _is_shared(self, function: Function) -> bool:
        return self.callers.others(function)

    def _saves(self, call: ast.expr, module: Module) -> bool:
        return isinstance(call, ast.Call) and any(
            self.sessions.commits(target) for target in self.program.calls.targets(call, module)
        )

    # -- events ------------------------------------------------------------------------------

    def _events(self, frame: _Frame, fresh: bool) -> list[Event]:
        """The events before the use by which the object is saved, or read again."""
        use, function, module = frame.use, frame.function, frame.module
        if not isinstance(use, ast.Name):
            return []
        kinds = {"commit", "refresh", "reload", "calls"} | ({"flush"} if fresh else set())
        bound = reaching(use, function, module)
        start = min((position(b.node) for b in bound if b.kind != "parameter"), default=(0, 0))
        found: list[Event] = []
        for event in self.sessions.events(function):
            if event.kind not in kinds or event.call is frame.entered:
                continue
            if event.kind in ("refresh", "reload") and event.name != use.id:
                continue
            if any(parent is event.call for parent in module.ancestors(use)):
                continue
            if position(event.call) < start or not follows(event.call, use, module):
                continue
            if not fresh and any(_is_inside(event.call, b.value, module) for b in bound):
                continue
            found.append(event)
        return found


def _is_stored(frame: _Frame, events: list[Event]) -> bool:
    """Whether an object is saved in any case before its use."""
    return any(is_certain(event.call, frame.use, frame.module) for event in events)


def _is_inside(node: ast.AST, around: ast.AST | None, module: Module) -> bool:
    return around is not None and (
        node is around or any(parent is around for parent in module.ancestors(node))
    )
