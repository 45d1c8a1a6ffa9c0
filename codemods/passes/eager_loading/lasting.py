"""Objects of fixtures that outlive a test, and that another test can have expired.

A fixture of a wider scope than a test hands the same object to many of them. Once one of them calls
``rollback()`` or ``expire_all()`` on the session that they share, each of the others reads an
expired object.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.facts import Program
from codemods.facts.migrations import is_migration
from codemods.facts.syntax import Class, Function
from codemods.passes.eager_loading.commits import reads
from codemods.passes.eager_loading.expiries import Expired
from codemods.passes.eager_loading.reaching import dominates, position
from codemods.passes.eager_loading.sessions import Event, Sessions, whole

_EXPIRING = ("rollback", "expire_all", "rolls")
_WIDE = ("class", "module", "package", "session")


@dataclass(frozen=True)
class Last:
    """An object of a wide fixture, its readers in a test, and the fixture ``of`` its session."""

    function: Function
    name: str
    session: ast.arg
    of: Function
    event: Event
    entities: tuple[Class, ...]
    readers: tuple[ast.Name, ...]


class Lasting:
    """Finds what tests read of the objects of fixtures that outlive them."""

    def __init__(self, program: Program, sessions: Sessions) -> None:
        self.program = program
        self.sessions = sessions

    @cached_property
    def expiring(self) -> dict[Function, Event]:
        """The fixtures of sessions that tests, or other fixtures, expire the objects of."""
        found: dict[Function, Event] = {}
        for module in self.program.modules.mentioning(("rollback", "expire_all")):
            for function in () if is_migration(module) else module.functions.values():
                for event in self.sessions.events(function):
                    if event.kind in _EXPIRING and event.around is None:
                        for fixture in self._fixtures(event, function):
                            found.setdefault(fixture, event)
        return found

    def _fixtures(self, event: Event, function: Function) -> list[Function]:
        given = [parameter.arg for parameter in function.parameters]
        names = [name for name in given if event.session in ("", name)]
        fixtures = [self.program.web.fixture(function, name) for name in names]
        return [one for one in fixtures if one is not None and is_wide(one)]

    def of(self, function: Function) -> Iterator[Last]:
        """What a test or fixture reads of the objects of fixtures that outlive it."""
        if not self.program.web.is_pytest(function):
            return
        for parameter in function.parameters:
            fixture = self.program.web.fixture(function, parameter.arg)
            if fixture is None or not is_wide(fixture):
                continue
            entities = self.program.models.entities(self.program.parameter(function, parameter))
            session = self._session(fixture)
            readers = self._readers(parameter.arg, function) if entities and session else []
            if readers and session is not None:
                of = self._fixture_of(fixture, session)
                event = self.expiring[of]
                yield Last(
                    function, parameter.arg, session, of, event, tuple(entities), tuple(readers)
                )

    def guard(self, last: Last) -> Expired | None:
        """The object is refreshed in front of its first reader, if it has expired by then."""
        if not self._has(last.function, last.session):
            return None
        return Expired(
            last.function,
            last.name,
            last.session.arg,
            last.event,
            _outermost(last.readers[0], last.function),
            list(last.entities),
            asks=True,
            readers=list(last.readers),
        )

    def _session(self, fixture: Function) -> ast.arg | None:
        """The parameter of a fixture that is a session of which the objects expire."""
        for parameter in fixture.parameters:
            if self.program.web.fixture(fixture, parameter.arg) in self.expiring:
                return parameter
        return None

    def _fixture_of(self, fixture: Function, parameter: ast.arg) -> Function:
        found = self.program.web.fixture(fixture, parameter.arg)
        assert found is not None
        return found

    def _has(self, function: Function, session: ast.arg) -> bool:
        """Whether a function can have the session by its name."""
        others = [b for b in function.bindings.get(session.arg, ()) if b.kind != "parameter"]
        return not others and self.program.web.fixture(function, session.arg) in self.expiring

    def _readers(self, name: str, function: Function) -> list[ast.Name]:
        """The reads of an object, unless the function itself read it again or replaced it."""
        module = function.module
        if any(binding.kind != "parameter" for binding in function.bindings[name]):
            return []
        uses = [
            node
            for node in function.nodes
            if isinstance(node, ast.Name) and node.id == name and reads(node, self.sessions, module)
        ]
        refreshed = [
            whole(event, module)[0]
            for event in self.sessions.events(function)
            if event.kind in ("refresh", "reload") and event.name == name
        ]
        return [
            use
            for use in sorted(uses, key=position)
            if not any(
                dominates(one, use, module) or any(use is node for node in ast.walk(one))
                for one in refreshed
            )
        ]


def is_wide(fixture: Function) -> bool:
    """Whether a fixture lives longer than one test."""
    return _says(fixture, "scope") in _WIDE


def is_autouse(fixture: Function) -> bool:
    """Whether a fixture is there for tests that do not ask for it."""
    return _says(fixture, "autouse") is True


def _says(fixture: Function, name: str) -> object:
    """The value of a keyword of the decorator."""
    for decorator in fixture.definition.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == name and isinstance(keyword.value, ast.Constant):
                return keyword.value.value
    return None


def _outermost(use: ast.Name, function: Function) -> ast.stmt:
    """The statement of a function's own body that ``use`` stands in."""
    around = {id(parent) for parent in function.module.ancestors(use)}
    return next(statement for statement in function.definition.body if id(statement) in around)
