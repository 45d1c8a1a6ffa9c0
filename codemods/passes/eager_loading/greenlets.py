"""What is loaded where it is read, also by an async session: within ``run_sync`` it has a greenlet.

See ``AsyncSession.run_sync`` in SQLAlchemy's documentation.
"""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module

_RUNNING = (known.ASYNC_SESSION, known.ASYNC_CONNECTION)


def has_greenlet(program: Program, node: ast.AST, module: Module) -> bool:
    """Whether a place is in a lambda that is handed to ``run_sync``."""
    return any(
        isinstance(parent, ast.Lambda) and _is_run(program, parent, module)
        for parent in module.ancestors(node)
    )


def _is_run(program: Program, function: ast.Lambda, module: Module) -> bool:
    match module.parent(function):
        case ast.Call(func=ast.Attribute(attr="run_sync", value=session), args=[first, *_]):
            return first is function and program.is_a(session, module, *_RUNNING)
    return False
