"""Objects that are read after ``rollback``, ``expire`` or ``expire_all``.

A sync session reads such an object again by itself, an async one can't: it is refreshed where the
first reader stands. Where it depends on the run whether the object has expired (it may be new, or
the rollback may not have happened), the state that SQLAlchemy keeps of the object is asked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function
from codemods.passes.eager_loading.commits import Commits, reads
from codemods.passes.eager_loading.reaching import (
    can_go_on,
    dominates,
    follows,
    insertable,
    loops_around,
    position,
    reaching,
    uses,
)
from codemods.passes.eager_loading.sessions import Event, Sessions, whole
from codemods.passes.eager_loading.ways import Path

_EXPIRING = ("rollback", "expire", "expire_all", "rolls", "update")
_MAKING_SURE = ("commit", "flush", "refresh", "reload")


@dataclass
class Expired:
    """An object that has to be read again, and the statement ``before`` or behind which it is.

    ``each`` says that it is a list of objects, ``asks`` that it need not have expired,
    ``guard`` that it can be None. ``attributes`` is what was expired, as source, if not all.
    """

    function: Function
    name: str
    session: str
    event: Event
    statement: ast.stmt
    entities: list[Class]
    before: bool = True
    each: bool = False
    asks: bool = False
    guard: bool = False
    attributes: str = ""
    paths: set[Path] = field(default_factory=set)
    readers: list[ast.Name] = field(default_factory=list)


class Expiries:
    """Finds what is read of expired objects, function by function.

    ``related`` are the relationships that are read of what a name stands for.
    """

    def __init__(
        self,
        program: Program,
        sessions: Sessions,
        commits: Commits,
        related: dict[ast.Name, set[tuple[Class, Path]]],
    ) -> None:
        self.program = program
        self.sessions = sessions
        self.commits = commits
        self.related = related

    def of(self, function: Function) -> list[Expired]:
        """The objects of a function that have to be read again."""
        events = self.sessions.events(function)
        expiring = [event for event in events if event.kind in _EXPIRING]
        expiring += self._computed(function, events)
        found: list[Expired] = []
        for name in self.commits.names(function) if expiring else ():
            found += self._of_name(name, function, expiring, events)
        return found

    def lost(self, function: Function) -> list[ast.Attribute]:
        """Reads of expired objects that no name of the function stands for."""
        module = function.module
        events = [
            event
            for event in self.sessions.events(function)
            if event.kind in ("rollback", "expire_all", "rolls")
        ]
        found = []
        for node in function.nodes if events else ():
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            root: ast.expr = node.value
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if root is node.value or not isinstance(root, ast.Name) or node.attr.startswith("__"):
                continue
            if self.program.models.entities(self.program.infer(root, module)):
                continue
            if self.program.models.entities(self.program.infer(node.value, module)) and any(
                follows(event.call, node, module)
                and (event.around is None or not _is_in_body(root, event.around))
                for event in events
            ):
                found.append(node)
        return found

    def _computed(self, function: Function, events: list[Event]) -> list[Event]:
        """The flushes behind which ``user.n = User.n + 1`` has expired the attribute."""
        found = []
        flushes = [event for event in events if event.kind == "flush"]
        for node in function.nodes if flushes else ():
            match node:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name))], value=value):
                    if self.sessions.is_expression(value, function.module):
                        found += [
                            Event("update", event.call, event.session, name)
                            for event in flushes
                            if follows(node, event.call, function.module)
                        ]
        return found

    def _of_name(
        self, name: str, function: Function, expiring: list[Event], events: list[Event]
    ) -> list[Expired]:
        module = function.module
        found: list[Expired] = []
        for use in sorted(uses(name, function), key=position):
            if not self._is_read(use, function):
                continue
            event = self._last(use, expiring, events, function)
            if event is None or self._is_left_alone(use, event, name, function):
                continue
            expired = next((e for e in found if self._covers(e, use, expiring, module)), None)
            if expired is None:
                expired = self._expired(use, event, events, function)
                if expired is None:
                    continue
                # Two readers of one statement: an ``if`` and its ``elif``.
                same = (e for e in found if _spot(e) == _spot(expired))
                expired = next(same, expired)
                if not expired.readers:
                    found.append(expired)
            expired.readers.append(use)
            expired.paths |= {path for _, path in self.related.get(use, ())}
        return found

    def _is_read(self, use: ast.Name, function: Function) -> bool:
        module = function.module
        parent = module.parent(use)
        if isinstance(parent, ast.Attribute):
            if isinstance(module.parent(parent), ast.AugAssign):
                return True
            if parent.attr.startswith("__"):
                return False
        return reads(use, self.sessions, module)

    def _is_left_alone(self, use: ast.Name, event: Event, name: str, function: Function) -> bool:
        """Reads that load nothing: a bare response, or what ``expire(x, [names])`` left."""
        if self.commits.is_bare_response(use, function):
            return True
        if event.kind == "expire" and event.name != name:
            return True
        if event.kind == "update" and event.name and self._is_given_unread(use, function):
            return True
        parent = function.module.parent(use)
        names = _constants(event)
        return bool(names) and isinstance(parent, ast.Attribute) and parent.attr not in names

    def _is_given_unread(self, use: ast.Name, function: Function) -> bool:
        """Whether callers get the object, and none of them reads what was computed."""
        if not isinstance(function.module.parent(use), ast.Return):
            return False
        if function in self.program.web.routes:
            return False
        computed = {
            node.attr
            for node in function.nodes
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        for reference in self.program.calls.references(function):
            caller = reference.module.function_of(reference.node)
            call = reference.call
            if caller is None or call is None:
                return False
            if isinstance(reference.module.statement(call), ast.Return):
                return False
            for node in caller.nodes:
                if isinstance(node, ast.Attribute) and node.attr in computed:
                    values = self.program.infer(node.value, caller.module)
                    if not values or self.program.models.entities(values):
                        return False
        return True

    # -- which event -------------------------------------------------------------------------

    def _last(
        self, use: ast.Name, expiring: list[Event], events: list[Event], function: Function
    ) -> Event | None:
        """The last event that expires what ``use`` stands for, unless it was refreshed."""
        module = function.module
        bound = reaching(use, function, module)
        entities = self.commits.entities(use.id, function)
        last: Event | None = None
        for event in expiring:
            if event.kind in ("expire", "update") and event.name not in ("", use.id):
                continue
            if event.kind == "expire" and not event.name:
                continue
            if event.entities and event.entities.isdisjoint(entities):
                continue
            again = self._comes_again(use, event, bound, module)
            if not again and not self._happens_before(event, use, bound, module):
                continue
            if not self._is_refreshed(use, event, events, again, module):
                last = event
        return last

    def _happens_before(
        self, event: Event, use: ast.Name, bound: list[Binding], module: Module
    ) -> bool:
        if not follows(event.call, use, module) or _inside(use, event.call, module):
            return False
        if event.around is not None and _is_in_body(use, event.around):
            return False
        return not bound or any(
            b.kind == "parameter" or position(b.node) < position(module.statement(event.call))
            for b in bound
        )

    def _comes_again(
        self, use: ast.Name, event: Event, bound: list[Binding], module: Module
    ) -> bool:
        """Whether a loop leads from the event to a reader that stands before it."""
        if position(use) > position(event.call) or not can_go_on(event.call, module):
            return False
        for loop in loops_around(event.call, module):
            if not _inside(use, loop, module) or _is_iterated(use, loop):
                continue
            if all(not _inside(b.node, loop, module) or b.node is loop for b in bound):
                return True
        return False

    def _is_refreshed(
        self, use: ast.Name, event: Event, events: list[Event], again: bool, module: Module
    ) -> bool:
        for other in events:
            if other.kind not in ("refresh", "reload", "delete", "expunge"):
                continue
            statement, item = whole(other, module)
            if use.id not in (other.name, item):
                continue
            if item == use.id and _inside(use, statement, module):
                return True
            if other.kind == "delete" and follows(other.call, use, module):
                return True
            if again:
                if dominates(event.call, statement, module) or dominates(statement, use, module):
                    return True
            elif position(other.call) > position(event.call) and (
                dominates(statement, use, module) or _inside(use, statement, module)
            ):
                return True
        return False

    # -- where -------------------------------------------------------------------------------

    def _covers(
        self, expired: Expired, use: ast.Name, expiring: Iterable[Event], module: Module
    ) -> bool:
        if not expired.before:
            return position(use) < position(expired.event.call) or dominates(
                expired.statement, use, module
            )
        statement = module.statement(use)
        if expired.statement is not statement and not (
            dominates(expired.statement, use, module) or _inside(use, expired.statement, module)
        ):
            return False
        return not any(
            position(expired.statement) < position(event.call) < position(use) for event in expiring
        )

    def _expired(
        self, use: ast.Name, event: Event, events: list[Event], function: Function
    ) -> Expired | None:
        module = function.module
        bound = reaching(use, function, module)
        statement = module.statement(use)
        before = True
        if position(use) < position(event.call):
            if not any(b.kind == "for" for b in bound):
                statement, before = module.statement(event.call), False
        else:
            for loop in loops_around(use, module):
                inside = [event.call, *(b.node for b in bound)]
                if isinstance(loop, ast.stmt) and not any(
                    _inside(node, loop, module) for node in inside
                ):
                    statement = loop
        if before:
            statement = insertable(statement, module)
        session = event.session or self.sessions.session_of(function, statement)
        entities = self.commits.entities(use.id, function)
        if not session or _inside(use, event.call, module):
            return None
        each = not self.program.models.entities(self.program.inference.bound(function, use.id))
        guard = not each and self.sessions.can_be_none(use.id, statement, function)
        return Expired(
            function,
            use.id,
            session,
            event,
            statement,
            entities,
            before=before,
            each=each,
            asks=not self._is_sure(use, event, events, bound, function),
            guard=guard,
            attributes=_attributes(event, module),
        )

    def _is_sure(
        self,
        use: ast.Name,
        event: Event,
        events: list[Event],
        bound: list[Binding],
        function: Function,
    ) -> bool:
        """Whether the object is surely one of the database's, and has expired."""
        module = function.module
        if event.kind == "expire":
            return dominates(event.call, use, module)
        if event.kind in ("rolls", "update") or event.around is not None:
            return False
        if not dominates(event.call, use, module) or not bound:
            return False
        return all(self._is_stored(b, use.id, event, events, function) for b in bound)

    def _is_stored(
        self, bound: Binding, name: str, event: Event, events: list[Event], function: Function
    ) -> bool:
        module = function.module
        if bound.kind == "parameter" and isinstance(bound.node, ast.arg):
            fixture = self.program.web.fixture(function, bound.node.arg)
            if fixture is not None:
                return self.sessions.commits(fixture)
            return self.program.web.depends(function, bound.node) is not None
        value = bound.value
        if value is None or bound.kind not in ("assign", "annotated", "for"):
            return False
        if self.sessions.makes(value, module):
            return any(
                other.kind in _MAKING_SURE
                and (other.kind != "flush" or event.kind != "rollback")
                and position(other.call) > position(bound.node)
                and dominates(other.call, event.call, module)
                for other in events
            )
        return self.sessions.is_loaded(value, module)


def _spot(expired: Expired) -> tuple[ast.stmt, bool]:
    """Where an object is read again."""
    return expired.statement, expired.before


def _constants(event: Event) -> set[str]:
    """The attributes that ``expire(x, ["name"])`` names."""
    if event.kind != "expire" or len(event.call.args) < 2:
        return set()
    return {str(n.value) for n in ast.walk(event.call.args[1]) if isinstance(n, ast.Constant)}


def _attributes(event: Event, module: Module) -> str:
    if event.kind != "expire" or len(event.call.args) < 2:
        return ""
    return module.source(event.call.args[1])


def _inside(node: ast.AST, around: ast.AST, module: Module) -> bool:
    return node is around or any(parent is around for parent in module.ancestors(node))


def _is_in_body(use: ast.Name, around: ast.Try) -> bool:
    return any(use is node for item in around.body for node in ast.walk(item))


def _is_iterated(use: ast.Name, loop: ast.AST) -> bool:
    """Whether a loop goes over the name: that is read once."""
    return isinstance(loop, ast.For | ast.AsyncFor) and any(
        node is use for node in ast.walk(loop.iter)
    )
