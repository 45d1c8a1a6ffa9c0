"""DDL that a module runs while it is imported, and whether the lifespan can do it instead."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.sessions.sites import CREATE, DDL, Site
from codemods.plan.climb import is_main_block
from codemods.plan.lifespans import one_name, top_level

#: What asks an application in a test. httpx's transport runs no lifespan, unless a manager does.
_CLIENTS = frozenset({known.TEST_CLIENT, "httpx.ASGITransport"})
_CLIENT_WORDS = tuple(sorted(name.rpartition(".")[2] for name in _CLIENTS))
_MANAGER = "LifespanManager"
_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def applications(program: Program, module: Module) -> list[ast.Call]:
    """The calls that make the application of a module, where it has one name."""
    calls = [
        call
        for call in module.syntax.calls.get("FastAPI", ())
        if program.outside_name(call.func, module) == known.FASTAPI
    ]
    return calls if calls and one_name(module, calls) else []


def is_needed(program: Program, sites: list[Site], sync: Iterable[Function]) -> bool:
    """Whether something needs the tables before the lifespan, or without it.

    The application does that uses its database while it is imported: a module by itself, or by a
    function that stays ``sync``. So do tests that ask it without its lifespan.
    """
    if _asked_without_lifespan(program, sites):
        return True
    used = [
        (site.node, site.module)
        for site in sites
        if site.function is None and site.kind not in (CREATE, DDL)
    ]
    for function in sync:
        used += program.calls.calls_of(function)
    return any(
        module.function_around(node) is None
        and not program.web.in_tests(module)
        and not is_migration(module)
        and not is_main_block(node, module)
        for node, module in used
    )


def _asked_without_lifespan(program: Program, sites: list[Site]) -> bool:
    """Whether a test's client is not entered (``client = TestClient(app)``), and finds the tables
    that the application made: no test makes any."""
    if any(site.kind == DDL and program.web.in_tests(site.module) for site in sites):
        return False
    if any(program.modules.mentioning((_MANAGER,))):
        return False
    return any(
        program.web.in_tests(module)
        and program.outside_name(call.func, module) in _CLIENTS
        and not _is_entered(call, module)
        for module in program.modules.mentioning(_CLIENT_WORDS)
        for word in _CLIENT_WORDS
        for call in module.syntax.calls.get(word, ())
    )


def _is_entered(call: ast.Call, module: Module) -> bool:
    """Whether ``with`` enters a client, there or by the name that it is given."""
    parent = module.parent(call)
    if isinstance(parent, ast.withitem):
        return True
    names = [t.id for t in getattr(parent, "targets", ()) if isinstance(t, ast.Name)]
    return any(
        isinstance(module.parent(use), ast.withitem)
        for name in names
        for use in module.syntax.references.get(name, ())
    )


def moves(program: Program, site: Site, sites: list[Site], sync: Iterable[Function]) -> bool:
    """Whether DDL at import time moves into the lifespan, or is run where a module is the program.

    One that can't move holds the others of its statement.
    """
    module = site.module
    if site.kind != DDL:
        return False
    if is_main_block(site.node, module):
        return True
    statement = top_level(module, site.node)
    inside = [
        other
        for other in sites
        if other.kind == DDL
        and other.module is module
        and other.function is None
        and top_level(module, other.node) is statement
    ]
    return (
        bool(applications(program, module))
        and can_move(module, statement, inside)
        and not is_needed(program, sites, sync)
    )


def can_move(module: Module, statement: ast.stmt, sites: list[Site]) -> bool:
    """Whether a statement of a module with DDL in it means the same within a function.

    DDL by itself does. A loop or a condition around it does where it binds no name that is read
    elsewhere, and each statement in it has lines of its own.
    """
    if module.statement(sites[0].node) is statement:
        return True
    if not isinstance(statement, ast.If | ast.For | ast.Try):
        return False
    inner = [*ast.walk(statement)]
    if any(isinstance(node, ast.Import | ast.ImportFrom | _DEFINITIONS) for node in inner):
        return False
    bound = {n.id for n in inner if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.name for n in inner if isinstance(n, ast.ExceptHandler) and n.name}
    if any(len(module.scope.bindings[name]) > 1 for name in bound):
        return False
    read = [node for name in bound for node in module.syntax.references.get(name, ())]
    if any(top_level(module, node) is not statement for node in read):
        return False
    for site in sites:
        own = module.statement(site.node)
        before = module.lines[own.lineno - 1].encode()[: own.col_offset]
        if not isinstance(own, ast.Expr) or before.strip():
            return False
    return True
