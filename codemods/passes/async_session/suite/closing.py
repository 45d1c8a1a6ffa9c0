"""Sessions that tests open and never close: the garbage collector can't close an async one.

A sync session that is forgotten gives its connection back when it is collected. An async one has
no event loop at that time: its connection is cut off, and with it a database in memory.
"""

from __future__ import annotations

import ast

from codemods.edits.actions import InsertAfter, InsertBefore
from codemods.facts.syntax import Function
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.sessions.sites import CREATE, Site
from codemods.plan.draft import Draft


def close_in_tests(analysis: Analysis, draft: Draft) -> None:
    """Close what a test or a fixture opens, where it has no more use for it."""
    for site in analysis.sites:
        function = site.function
        if site.kind != CREATE or function is None or not analysis.is_async(function):
            continue
        if analysis.program.web.in_tests(site.module):
            _close(draft, site, function)


def _close(draft: Draft, site: Site, function: Function) -> None:
    statement = site.module.statement(site.node)
    body = function.definition.body
    if statement not in body or not isinstance(statement, ast.Assign):
        return
    target = statement.targets[0]
    if statement.value is not site.node or not isinstance(target, ast.Name):
        return
    name = target.id
    rest = body[body.index(statement) + 1 :]
    if any(_closes(later, name) or _hands_out(later, name) for later in rest):
        return
    for index, later in enumerate(rest):
        if isinstance(later, ast.Expr) and isinstance(later.value, ast.Yield):
            if not any(_uses(after, name) for after in rest[index + 1 :]):
                draft.edit(site.module, later, InsertBefore(f"await {name}.close()"))
            return
    if rest and not isinstance(rest[-1], ast.Return):
        draft.edit(site.module, rest[-1], InsertAfter(f"await {name}.close()"))
    elif rest and not _uses(rest[-1], name):
        draft.edit(site.module, rest[-1], InsertBefore(f"await {name}.close()"))


def _uses(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def _closes(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(n, ast.Attribute)
        and n.attr in ("close", "aclose", "remove")
        and isinstance(n.value, ast.Name)
        and n.value.id == name
        for n in ast.walk(node)
    )


def _hands_out(node: ast.AST, name: str) -> bool:
    """Whether the session itself is returned or yielded."""
    return any(
        isinstance(n, ast.Return | ast.Yield)
        and n.value is not None
        and isinstance(n.value, ast.Name)
        and n.value.id == name
        for n in ast.walk(node)
    )
