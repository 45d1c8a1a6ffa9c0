"""``Session.get_bind``: of an async session it gives the sync engine within."""

from __future__ import annotations

import ast

from codemods.edits.actions import Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.sessions.tables import PLAIN
from codemods.plan.draft import Draft


def edit_binds(program: Program, draft: Draft, function: Function) -> None:
    """Let a function that became async ask for ``bind``, which is the async engine.

    What an engine says of itself (``dialect``, ``url``) is the same on both.
    """
    module = function.module
    for call in module.syntax.calls.get("get_bind", ()):
        read = module.parent(call)
        plain = isinstance(read, ast.Attribute) and read.attr in PLAIN[known.ENGINE]
        if plain or module.function_around(call) is not function:
            continue
        if _asked(program, call, module) is not None:
            draft.edit(module, call, Rewrite("{receiver}.bind"))


def engine_source(program: Program, node: ast.expr, module: Module) -> str:
    """The source of an engine as an async function writes it."""
    session = _asked(program, node, module)
    return module.source(node) if session is None else f"{module.source(session)}.bind"


def _asked(program: Program, node: ast.expr, module: Module) -> ast.expr | None:
    """The session that is asked for its one engine; None where a mapper is named."""
    match node:
        case ast.Call(func=ast.Attribute(value=session, attr="get_bind"), args=[], keywords=[]):
            return session if program.is_a(session, module, known.SESSION) else None
    return None
