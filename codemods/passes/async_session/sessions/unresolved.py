"""Calls that may talk to the database, of objects of which nothing is known.

They are no sites, since nobody knows whether they wait: nothing is made of them. They are counted,
so that the share of what became async is one of all that the source shows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codemods.facts import Program
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.passes.async_session.sessions.sites import Site

#: Methods that sessions and connections have, and little else does.
_TELLING = ("commit", "execute", "flush", "refresh", "rollback", "scalar", "scalars")


def unresolved(program: Program, sites: Iterable[Site]) -> dict[Module, list[ast.Call]]:
    """The calls by module: a method of that name, of something unknown, that nothing awaits."""
    known_ones = {site.node for site in sites}
    found: dict[Module, list[ast.Call]] = {}
    for module in program.modules.mentioning(_TELLING):
        if is_migration(module) or not _knows_sqlalchemy(module):
            continue
        for name in _TELLING:
            for call in module.syntax.calls.get(name, ()):
                if (
                    isinstance(call.func, ast.Attribute)
                    and call not in known_ones
                    and not isinstance(module.parent(call), ast.Await)
                    and not program.infer(call.func.value, module)
                    and not program.calls.named(name)
                ):
                    found.setdefault(module, []).append(call)
    return found


def _knows_sqlalchemy(module: Module) -> bool:
    """Whether a module names SQLAlchemy, or a session by the word."""
    return bool({"sqlalchemy", "sqlmodel", "session", "Session", "db"} & module.identifiers)
