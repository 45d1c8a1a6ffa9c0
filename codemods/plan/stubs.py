"""Methods that only say what others do: an abstract ``items`` of classes whose ``items`` yields.

It yields nothing itself, so as ``async def`` it would give a coroutine: an async generator is
described by a ``def`` that returns ``AsyncIterator``.
"""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.syntax import Function


def stands_for_generator(program: Program, function: Function) -> bool:
    """Whether a function is a stub for generators of its family."""
    return _is_beside_generator(program, function) and _is_stub(function)


def generator_obstacle(program: Program, function: Function) -> str:
    """Why a function can't wait if generators of its family do, or ""."""
    if _is_beside_generator(program, function) and not _is_stub(function):
        return "gives what it has at once, where others of its family yield it"
    return ""


def _is_beside_generator(program: Program, function: Function) -> bool:
    return not function.is_generator and any(
        other.is_generator for other in program.calls.family(function)
    )


def _is_stub(function: Function) -> bool:
    """Whether a body holds a docstring, ``...``, ``pass`` or ``raise`` and nothing else."""
    return all(
        isinstance(statement, ast.Pass | ast.Raise)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in function.definition.body
    )
