"""Findings about engines and names that no edit can deal with."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function, Scope
from codemods.findings import Finding, Level, Treatment
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.engine.engines import Engines
from codemods.passes.async_session.engine.holders import Holders
from codemods.passes.async_session.sessions.providers import twin_name
from codemods.passes.async_session.sessions.silenced import RULE
from codemods.passes.base import NOTE, Decision

POOLER, EXPORTED = "LL407", "LL408"


def behind_poolers(engines: Engines) -> list[Finding]:
    """Engines behind a transaction pooler that could not be told to prepare no statements."""
    return [
        Finding(
            path=module.path,
            line=call.lineno,
            column=call.col_offset + 1,
            code=POOLER,
            message=f"the engine seems to go through a transaction pooler ({what})",
            rule=RULE,
            level=Level.DISPLAY,
            treatment=Treatment.LEFT,
            reasons=("a prepared statement is known to one connection of the server only",),
        )
        for call, module, what in engines.pooled
    ]


def two_pools(engines: Engines) -> list[Decision]:
    """Notes about two engines in one process that could open more connections than the one did."""
    return [
        Decision(
            path=module.path,
            line=call.lineno,
            symbol="",
            treatment=NOTE,
            action="the service uses the async engine and the sync one beside it, each with a "
            "pool of its own: bound both by pool_size and max_overflow",
        )
        for call, module in engines.pools.unbounded
    ]


def exported(analysis: Analysis, holders: Holders) -> list[Finding]:
    """Engines, factories and functions that hand out sessions, and that others may import.

    What the code base itself does with them is known; ``__all__`` promises them to anybody.
    """
    names = {
        (holder.scope, holder.name): holder.needs_sync
        for holder in holders.all
        if holder.needs_async and not analysis.program.web.in_tests(holder.module)
    }
    names |= {
        (function.module.scope, function.name): function in analysis.twins
        for function in analysis.colours.asynchronous
        if not function.is_async and _hands_out(analysis, function)
    }
    return [
        Finding(
            path=module.path,
            line=node.lineno,
            column=node.col_offset + 1,
            code=EXPORTED,
            message=f"`{node.value!s}` is exported and becomes async: sync code elsewhere that "
            f"imports it {_instead(home[1], kept=names[home])}",
            rule=RULE,
            level=Level.DISPLAY,
            treatment=Treatment.LEFT,
            reasons=("who imports it from outside of the code base is not known",),
        )
        for module in analysis.program.modules.mentioning(("__all__",))
        for node in _promised(module)
        if (home := _home(analysis, module, str(node.value))) in names
    ]


def _hands_out(analysis: Analysis, function: Function) -> bool:
    """Whether a function of a module gives sessions to whoever calls it."""
    given = analysis.program.web.given(function)
    return function.parent is function.module.scope and bool(
        analysis.program.instances(given, known.SESSION)
    )


def _instead(name: str, *, kept: bool) -> str:
    return f"has to take `{twin_name(name)}`" if kept else "needs a sync one of its own"


def _promised(module: Module) -> Iterator[ast.Constant]:
    """The names in a module's ``__all__``."""
    for statement in module.tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=value)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value)
                | ast.AugAssign(target=ast.Name(id="__all__"), value=value)
            ):
                for node in ast.walk(value):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node


def _home(analysis: Analysis, module: Module, name: str) -> tuple[Scope, str]:
    """Where a name that a module exports was bound, through imports."""
    return analysis.program.home_of(module.scope, name) or (module.scope, name)
