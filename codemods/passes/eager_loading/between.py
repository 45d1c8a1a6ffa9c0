"""A fixture that reads again, before each test, what another test has expired.

Where only few tests read objects of fixtures that outlive them, each of them asks whether such an
object has expired. Where many do, one fixture beside that of the session does it for all of them,
and the tests stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance
from codemods.passes.eager_loading.lasting import Last, is_autouse, is_wide
from codemods.passes.eager_loading.reaching import position
from codemods.passes.eager_loading.render import primary_key
from codemods.passes.eager_loading.requests import is_writing
from codemods.passes.eager_loading.sessions import Sessions

#: As many readers as ask for themselves.
_FEW = 2
_NAMES = ("refresh_expired", "refresh_what_expired", "refresh_objects_that_expired")
#: Calls by which a fixture only makes a session: none of them asks the database.
_QUIET = frozenset(
    {
        "os.getenv",
        "os.environ.get",
        "sqlalchemy.create_engine",
        "sqlalchemy.engine.create_engine",
        "sqlalchemy.engine.make_url",
        "sqlalchemy.orm.sessionmaker",
        "sqlalchemy.orm.scoped_session",
        "sqlmodel.create_engine",
    }
)
_ENDING = ("close", "dispose", "remove", "rollback")


@dataclass(frozen=True)
class Between:
    """A fixture to be written behind that of the session, and what it saves from asking."""

    session: Function
    name: str
    parameter: ast.arg
    reads: tuple[Last, ...]


@dataclass
class Gathered:
    """The fixtures to be written; what reads before them; what reads behind a change of its own."""

    fixtures: list[Between] = field(default_factory=list)
    early: list[Last] = field(default_factory=list)
    late: list[Last] = field(default_factory=list)


class Gathering:
    """Decides for which sessions one fixture reads again what has expired."""

    def __init__(self, program: Program, sessions: Sessions) -> None:
        self.program = program
        self.sessions = sessions

    def gather(self, lasts: Iterable[Last]) -> Gathered:
        """One fixture where many tests read what others have expired."""
        by_session: dict[Function, list[Last]] = {}
        for one in lasts:
            by_session.setdefault(one.of, []).append(one)
        found = Gathered()
        for session, reads in by_session.items():
            early = [one for one in reads if self._is_early(one.function)]
            behind = [one for one in reads if one not in early]
            name = next((n for n in _NAMES if n not in session.module.scope.bindings), "")
            late = [one for one in behind if self._is_late(one)]
            if not self._has(session):
                if len(behind) <= _FEW or not name or not self._can_have(session):
                    found.early += reads
                    continue
                between = [one for one in behind if one not in late]
                found.fixtures.append(Between(session, name, behind[0].session, tuple(between)))
            found.early += early
            found.late += late
        return found

    def _has(self, session: Function) -> bool:
        """Whether such a fixture is there already."""
        web = self.program.web
        return any(
            is_autouse(one)
            and not is_wide(one)
            and any(web.fixture(one, parameter.arg) is session for parameter in one.parameters)
            and any(
                isinstance(node, ast.Attribute) and node.attr == "expired" for node in one.nodes
            )
            for one in session.module.functions.values()
            if web.is_fixture(one)
        )

    def _is_early(self, function: Function) -> bool:
        """Whether pytest calls a fixture before the one that is to be written."""
        if not self.program.web.is_fixture(function):
            return False
        return is_wide(function) or is_autouse(function)

    def _is_late(self, one: Last) -> bool:
        """Whether what is read can have been changed by the test, in front of its first reader."""
        module = one.function.module
        keys = {key for cls in one.entities for key in primary_key(cls, self.program)}
        if all(_reads_only(use, keys, module) for use in one.readers):
            return False
        changes = [n for n in one.function.nodes if isinstance(n, ast.Call) and is_writing(n)]
        changes += [e.call for e in self.sessions.events(one.function) if e.kind == "calls"]
        return any(_end(call) < position(one.readers[0]) for call in changes)

    def _can_have(self, session: Function) -> bool:
        """Whether a session's fixture can be asked for by every test beside it."""
        web = self.program.web
        same = [f for found in web.fixtures.values() if session in found for f in found]
        if same != [session] or isinstance(session.parent, Class):
            return False
        if any(web.in_tests(m) for m in self.program.modules.mentioning(("TestCase",))):
            return False
        return self._is_quiet(session)

    def _is_quiet(self, fixture: Function) -> bool:
        """Whether a test that has no use for a fixture takes no notice of it."""
        module = fixture.module
        for parameter in fixture.parameters:
            given = self.program.web.fixture(fixture, parameter.arg)
            if given is None or not (is_autouse(given) or self._is_quiet(given)):
                return False
        return all(
            self._is_quiet_call(node, module)
            for statement in fixture.definition.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Call)
        )

    def _is_quiet_call(self, call: ast.Call, module: Module) -> bool:
        if self.program.outside_name(call.func, module) in _QUIET:
            return True
        if isinstance(call.func, ast.Attribute) and call.func.attr in _ENDING:
            return True
        made = self.program.infer(call, module)
        return bool(made) and all(
            isinstance(value, Instance) and self.program.is_session_class(value.cls)
            for value in made
        )


def _reads_only(use: ast.Name, keys: set[str], module: Module) -> bool:
    """Whether nothing but the key of an object is read, which no request changes."""
    parent = module.parent(use)
    return isinstance(parent, ast.Attribute) and parent.attr in keys


def _end(call: ast.Call) -> tuple[int, int]:
    return call.end_lineno or 0, call.end_col_offset or 0
