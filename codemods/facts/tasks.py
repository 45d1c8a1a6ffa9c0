"""Tasks that a function starts and forgets."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function

if TYPE_CHECKING:
    from codemods.facts.program import Program

_TASKS = frozenset(("asyncio.create_task", "asyncio.ensure_future"))


def dropped_task(program: Program, statement: ast.AST, function: Function) -> ast.Call | None:
    """The call by which a statement starts a task that nothing holds.

    ``asyncio.create_task(...)`` alone, or assigned to a name that the function never reads.
    """
    match statement:
        case ast.Expr(value=ast.Call() as call):
            pass
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
        ):
            if name in function.outer_names or _is_read(name, function):
                return None
        case _:
            return None
    return call if _starts_task(program, call, function.module) else None


def _starts_task(program: Program, call: ast.Call, module: Module) -> bool:
    if program.outside_name(call.func, module) in _TASKS:
        return True
    match call.func:
        case ast.Attribute(attr="create_task", value=loop):
            return program.is_a(loop, module, known.LOOP)
    return False


def _is_read(name: str, function: Function) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Store)
        for node in ast.walk(function.definition)
    )


def never_ends(function: Function) -> bool:
    """Whether a function has a ``while True`` that nothing leaves."""
    for node in ast.walk(function.definition):
        match node:
            case ast.While(test=ast.Constant(value=value)) if value:
                leaves = (ast.Break, ast.Return, ast.Raise)
                if not any(isinstance(inner, leaves) for inner in ast.walk(node)):
                    return True
    return False
