"""DDL at import time: tables that a module creates while it is imported.

An async engine can't be used while a module is imported (a server may import it on its running
loop), so in the application the statement moves into the lifespan, and in tests, which are
imported without a loop, it runs through ``asyncio.run``.
"""

from __future__ import annotations

import ast

from codemods.edits.actions import (
    Arguments,
    InsertAfter,
    InsertBefore,
    RemoveStatement,
    ReplaceStatement,
)
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue, Instance
from codemods.passes.async_session.analysis import Analysis
from codemods.passes.async_session.engines import import_name
from codemods.passes.async_session.functions import ddl_call
from codemods.passes.async_session.sites import DDL, Site
from codemods.passes.async_session.versions import Versions
from codemods.plan.colours import is_main_block
from codemods.plan.draft import Draft


def edit_startup(analysis: Analysis, draft: Draft, versions: Versions) -> list[Site]:
    """Move DDL out of import time; gives the sites that could not be moved."""
    by_module: dict[Module, list[Site]] = {}
    for site in analysis.sites:
        if site.kind == DDL and site.function is None:
            by_module.setdefault(site.module, []).append(site)
    left: list[Site] = []
    for module, sites in by_module.items():
        if analysis.program.web.in_tests(module) or is_main_block(sites[0].node, module):
            _run_now(draft, module, sites)
        else:
            left.extend(_at_start(analysis, draft, versions, module, sites))
    return left


def _run_now(draft: Draft, module: Module, sites: list[Site]) -> None:
    """``asyncio.run`` of one function for the statements, where they stood."""
    draft.add_import(module, "asyncio")
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
        assert isinstance(site.node, ast.Call)
        target, run = ddl_call(module, site.node)
        if target != last:
            lines.append(f"    async with {target}.begin() as connection:")
            last = target
        lines.append(f"        await connection.run_sync({run})")
    return "\n".join(lines)


def _at_start(
    analysis: Analysis, draft: Draft, versions: Versions, module: Module, sites: list[Site]
) -> list[Site]:
    program = analysis.program
    applications = [
        (other, call)
        for other in program.modules.mentioning(("FastAPI",))
        if not program.web.in_tests(other)
        for call in other.syntax.calls.get("FastAPI", ())
        if program.outside_name(call.func, other) == known.FASTAPI
    ]
    calls = [call for other, call in applications if other is module]
    if not calls or not _one_name(module, calls):
        return sites
    home, call = module, calls[0]
    body = _body(module, sites)
    for site in sites:
        draft.edit(module, module.statement(site.node), RemoveStatement())
    existing = _lifespan(analysis, call, home)
    if existing is not None:
        first = existing.definition.body[0]
        draft.edit(existing.module, first, InsertBefore(_dedent(body)))
        return []
    if _has_handlers(home) or not versions.at_least("fastapi", "0.93", home.path):
        return _handler(draft, home, calls, body)
    statement = _top_level(home, call)
    asynccontextmanager = draft.add_import(home, "contextlib", "asynccontextmanager")
    iterator = draft.add_import(home, "collections.abc", "AsyncIterator")
    draft.edit(
        home,
        statement,
        InsertBefore(
            f"\n\n@{asynccontextmanager}\n"
            f"async def lifespan(app: FastAPI) -> {iterator}[None]:\n{body}\n    yield\n\n\n"
        ),
    )
    for call in calls:
        draft.edit(home, call, Arguments((), (("lifespan", "lifespan"),)))
    return []


def _one_name(module: Module, calls: list[ast.Call]) -> bool:
    """Whether all calls make the same module-level variable."""
    names = set()
    for call in calls:
        statement = module.statement(call)
        if not isinstance(statement, ast.Assign) or module.function_of(call) is not None:
            return False
        names |= {ast.unparse(target) for target in statement.targets}
    return len(names) == 1


def _top_level(module: Module, node: ast.AST) -> ast.stmt:
    """The statement of the module's body that holds a node."""
    statement = module.statement(node)
    for parent in module.ancestors(node):
        if isinstance(parent, ast.stmt):
            statement = parent
    return statement


def _dedent(body: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in body.splitlines())


def _handler(draft: Draft, home: Module, calls: list[ast.Call], body: str) -> list[Site]:
    statement = home.statement(calls[-1])
    assert isinstance(statement, ast.Assign)
    name = ast.unparse(statement.targets[0])
    draft.edit(
        home,
        _top_level(home, calls[-1]),
        InsertAfter(f'\n\n@{name}.on_event("startup")\nasync def create_tables():\n{body}\n\n'),
    )
    return []


def _has_handlers(home: Module) -> bool:
    return "on_event" in home.syntax.calls or "add_event_handler" in home.syntax.calls


def _lifespan(analysis: Analysis, call: ast.Call, home: Module) -> Function | None:
    for keyword in call.keywords:
        if keyword.arg == "lifespan":
            for value in analysis.program.infer(keyword.value, home):
                if isinstance(value, FunctionValue) and value.function.is_async:
                    return value.function
                if isinstance(value, Instance):
                    return None
    return None


__all__ = ["edit_startup", "import_name"]
