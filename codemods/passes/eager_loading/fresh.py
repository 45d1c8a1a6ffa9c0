"""Objects that were just made: their relationships are loaded after they were saved."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.passes.eager_loading.reaching import follows, position, reaching
from codemods.passes.eager_loading.sessions import Event, Sessions
from codemods.passes.eager_loading.ways import Landing, Path, Touch


@dataclass
class Reload:
    """An object that is read again, with relationships, after an event of its function.

    ``statement`` is replaced where it is a plain ``refresh``; the reload is put behind it
    otherwise. Where ``statement`` is a ``return`` of a call, its value gets the name first.
    """

    function: Function
    name: str
    entity: Class
    session: str
    statement: ast.stmt
    replaces: bool
    paths: set[Path] = field(default_factory=set)
    touches: list[Touch] = field(default_factory=list)


@dataclass(frozen=True)
class Spot:
    """Where in a function a reload can go."""

    function: Function
    name: str
    session: str
    statement: ast.stmt
    replaces: bool


class Freshness:
    """Finds the place behind which a new object has to be read again."""

    def __init__(self, program: Program, sessions: Sessions) -> None:
        self.program = program
        self.sessions = sessions

    def reloads(
        self, landings: Iterable[tuple[Landing, Path]]
    ) -> tuple[list[Reload], list[tuple[Landing, str]]]:
        """The reloads for new objects, and the landings for which there is no place."""
        found: dict[tuple[int, str], Reload] = {}
        lost: list[tuple[Landing, str]] = []
        for landing, path in landings:
            saved, spot = self._spot(landing)
            if spot is not None:
                key = (id(spot.statement), spot.name)
                reload = found.setdefault(
                    key,
                    Reload(
                        spot.function,
                        spot.name,
                        landing.demand.entity,
                        spot.session,
                        spot.statement,
                        spot.replaces,
                    ),
                )
                reload.paths.add(path)
                reload.touches.append(landing.demand.touch)
            elif saved:
                lost.append((landing, "no session is at hand behind the commit"))
        return list(found.values()), lost

    def _spot(self, landing: Landing) -> tuple[bool, Spot | None]:
        """Whether the object is saved before it is read, and the place behind that."""
        demand = landing.demand
        frames = [(hop.use, hop.use_module) for hop in demand.stack]
        frames.append((demand.use, demand.use_module))
        saved = False
        for use, module in frames:
            function = module.function_of(use)
            if function is None:
                continue
            if isinstance(use, ast.Name):
                last = self.last_event(use, function, module)
                if last is None:
                    continue
                saved = True
                if spot := self._behind(last, use.id, function, module):
                    return True, spot
            elif isinstance(use, ast.Call) and self._saves(use, module):
                saved = True
                statement = module.statement(use)
                if isinstance(statement, ast.Return) and statement.value is use:
                    session = self.sessions.session_of(function, statement)
                    name = _free_name(landing.demand.entity, function)
                    if session and name:
                        return True, Spot(function, name, session, statement, False)
        return saved, None

    def _behind(self, event: Event, name: str, function: Function, module: Module) -> Spot | None:
        statement = module.statement(event.call)
        session = event.session or self.sessions.session_of(function, statement)
        if not session or isinstance(statement, ast.Return | ast.If | ast.For | ast.While):
            return None
        replaces = (
            event.kind == "refresh"
            and isinstance(statement, ast.Expr)
            and len(event.call.args) == 1
            and not event.call.keywords
        )
        return Spot(function, name, session, statement, replaces)

    def _saves(self, call: ast.Call, module: Module) -> bool:
        return any(
            self.sessions.commits(target) for target in self.program.calls.targets(call, module)
        )

    def last_event(self, use: ast.Name, function: Function, module: Module) -> Event | None:
        """The last event before ``use`` by which the object of that name is saved or read."""
        bound = [b.node for b in reaching(use, function, module) if b.node is not None]
        start = min((position(node) for node in bound), default=(0, 0))
        last: Event | None = None
        for event in self.sessions.events(function):
            if event.kind not in ("commit", "flush", "refresh", "calls"):
                continue
            if event.kind == "refresh" and event.name != use.id:
                continue
            if position(event.call) < start or not follows(event.call, use, module):
                continue
            last = event
        return last


def _free_name(entity: Class, function: Function) -> str:
    """A name for the object: its class in small letters."""
    name = "".join(
        f"_{c.lower()}" if c.isupper() and index else c.lower()
        for index, c in enumerate(entity.name)
    )
    used = {n.id for n in ast.walk(function.definition) if isinstance(n, ast.Name)}
    used |= {a.arg for a in function.parameters}
    return next((n for n in (name, f"new_{name}", "result") if n not in used), "")
