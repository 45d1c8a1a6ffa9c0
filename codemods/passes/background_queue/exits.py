"""What dependencies do when their request is over."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.syntax import Function


def commits_at_exit(program: Program) -> str:
    """The name of a dependency that commits after its ``yield``; "" if there is none."""
    for module in program.modules.mentioning(("commit", "begin")):
        if program.web.in_tests(module):
            continue
        for function in module.functions.values():
            if function.is_generator and _commits(function):
                return function.name
    return ""


def _commits(function: Function) -> bool:
    first = min(node.lineno for node in function.yields)
    for node in ast.walk(function.definition):
        match node:
            case ast.Call(func=ast.Attribute(attr="commit")) if node.lineno > first:
                return True
            case ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="begin"))):
                return True
    return False
