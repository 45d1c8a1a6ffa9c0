"""Session factories: ``expire_on_commit=False``, as an async session needs it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.values import ClassValue, External


@dataclass(frozen=True)
class Factory:
    """A call that makes sessions, or a factory of sessions."""

    call: ast.Call
    module: Module


def factories(program: Program) -> list[Factory]:
    """The calls that have to say ``expire_on_commit=False``."""
    found = []
    for module in program.modules.mentioning(("sessionmaker", "Session", "SessionLocal")):
        if is_migration(module):
            continue
        names = set(module.syntax.calls)
        for name in sorted(names):
            for call in module.syntax.calls[name]:
                if _makes(call, module, program) and not _says_so(call):
                    found.append(Factory(call, module))
    return found


def _makes(call: ast.Call, module: Module, program: Program) -> bool:
    for value in program.infer(call.func, module):
        match value:
            case External(name=known.SESSIONMAKER):
                return True
            case External(name=name) if name != known.SCOPED_SESSION:
                if program.is_session_class(name):
                    return True
            case ClassValue(cls=cls):
                if program.is_session_class(cls) or program.is_sessionmaker_class(cls):
                    return True
    return False


def _says_so(call: ast.Call) -> bool:
    return any(
        keyword.arg == "expire_on_commit"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in call.keywords
    )
