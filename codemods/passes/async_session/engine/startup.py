"""DDL at import time: tables that a module creates while it is imported.

An async engine can't be used while a module is imported (a server may import it on its running
loop), so in the application the statement moves into the lifespan, and in tests, which are
imported without a loop, it runs through ``asyncio.run``.
"""

from __future__ import annotations

import ast

from codemods.edits.actions import (
    InsertAfter,
    InsertBefore,
    RemoveStatement,
    ReplaceStatement,
)
from codemods.facts.modules import Module
from codemods.facts.versions import Versions
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.rewrite.functions import ddl_call
from codemods.passes.async_session.sessions.import_time import (
    applications,
    can_move,
    is_needed,
)
from codemods.passes.async_session.sessions.sites import DDL, Site
from codemods.plan.climb import is_main_block
from codemods.plan.draft import Draft
from codemods.plan.lifespans import (
    has_handlers,
    lifespan_of,
    make_lifespan,
    top_level,
)


class Startup:
    """What goes into lifespans that are new: they are written when all of it is known.

    ``left`` are the sites at import time that could not be moved.
    """

    def __init__(self) -> None:
        self.left: list[Site] = []
        self._new: dict[Module, tuple[list[ast.Call], str]] = {}

    def add(self, home: Module, calls: list[ast.Call], body: str) -> None:
        """Let ``body`` stand before the yield of a new lifespan in ``home``."""
        self._new[home] = (calls, body)

    def finish(self, draft: Draft, home: Module | None = None, end: str = "") -> bool:
        """Write the lifespans, with ``end`` behind the yield of the one in ``home``.

        Tells whether there is one.
        """
        for module, (calls, body) in self._new.items():
            make_lifespan(draft, module, calls, f"{body}\n    yield{end if module is home else ''}")
        return home in self._new


def edit_startup(analysis: Analysis, draft: Draft, versions: Versions) -> Startup:
    """Move DDL out of import time; ``finish`` of the result has to follow."""
    by_module: dict[Module, list[Site]] = {}
    for site in analysis.sites:
        if site.kind == DDL and site.function is None:
            by_module.setdefault(site.module, []).append(site)
    startup = Startup()
    for module, sites in by_module.items():
        if analysis.program.web.in_tests(module) or is_main_block(sites[0].node, module):
            _run_now(draft, module, sites)
        else:
            startup.left += _at_start(analysis, draft, versions, startup, module, sites)
    return startup


def _run_now(draft: Draft, module: Module, sites: list[Site]) -> None:
    """``asyncio.run`` of one function for statements that follow each other, where they stood."""
    draft.add_import(module, "asyncio")
    blocks: dict[ast.AST | None, list[Site]] = {}
    for site in sites:
        blocks.setdefault(module.parent(module.statement(site.node)), []).append(site)
    for block in blocks.values():
        _run_block(draft, module, block)


def _run_block(draft: Draft, module: Module, sites: list[Site]) -> None:
    function = "create_tables" if any(s.method == "create_all" for s in sites) else "drop_tables"
    first, *others = sites
    body = _body(module, sites)
    draft.edit(
        module,
        module.statement(first.node),
        ReplaceStatement(f"async def {function}():\n{body}\n\n\nasyncio.run({function}())"),
    )
    for site in others:
        draft.edit(module, module.statement(site.node), RemoveStatement())


def _body(module: Module, sites: list[Site]) -> str:
    lines: list[str] = []
    last = ""
    for site in sites:
        target, run = ddl_call(module, site.node)
        if target != last:
            lines.append(f"    async with {target}.begin() as connection:")
            last = target
        lines.append(f"        await connection.run_sync({run})")
    return "\n".join(lines)


def _at_start(
    analysis: Analysis,
    draft: Draft,
    versions: Versions,
    startup: Startup,
    module: Module,
    sites: list[Site],
) -> list[Site]:
    program = analysis.program
    calls = applications(program, module)
    if not calls or is_needed(program, analysis.sites, analysis.colours.sync):
        return sites
    home, call = module, calls[0]
    moved, left = _split(module, sites)
    if not moved:
        return left
    body = "\n".join(text for _, text in moved)
    for statement, _ in moved:
        draft.edit(module, statement, RemoveStatement())
    existing = lifespan_of(program, call, home)
    if existing is not None:
        first = existing.definition.body[0]
        draft.edit(existing.module, first, InsertBefore(_dedent(body)))
        return left
    if has_handlers(home) or not versions.at_least("fastapi", "0.93", home.path):
        _handler(draft, home, calls, body)
    else:
        startup.add(home, calls, body)
    return left


def _split(module: Module, sites: list[Site]) -> tuple[list[tuple[ast.stmt, str]], list[Site]]:
    """The statements that can move, each with its async text, and the sites that can't."""
    moved: list[tuple[ast.stmt, str]] = []
    left: list[Site] = []
    for statement in module.tree.body:
        inside = [site for site in sites if top_level(module, site.node) is statement]
        if not inside:
            continue
        if not can_move(module, statement, inside):
            left += inside
        elif module.statement(inside[0].node) is statement:
            moved.append((statement, _body(module, inside)))
        else:
            moved.append((statement, _compound(module, statement, inside)))
    return moved, left


def _compound(module: Module, statement: ast.stmt, sites: list[Site]) -> str:
    """A compound statement for the body of an async function, with its DDL in async form."""
    lines = module.lines[statement.lineno - 1 : statement.end_lineno]
    for site in reversed(sites):
        own = module.statement(site.node)
        first, last = own.lineno - statement.lineno, (own.end_lineno or 0) - statement.lineno
        column = " " * own.col_offset
        text = _dedent(_body(module, [site])).splitlines()
        lines[first : last + 1] = [f"{column}{line}" for line in text]
    return "\n".join(f"    {line}" if line.strip() else line for line in lines)


def _dedent(body: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in body.splitlines())


def _handler(draft: Draft, home: Module, calls: list[ast.Call], body: str) -> None:
    statement = home.statement(calls[-1])
    assert isinstance(statement, ast.Assign)
    name = ast.unparse(statement.targets[0])
    draft.edit(
        home,
        top_level(home, calls[-1]),
        InsertAfter(f'\n\n@{name}.on_event("startup")\nasync def create_tables():\n{body}\n\n'),
    )


__all__ = ["Startup", "edit_startup"]
