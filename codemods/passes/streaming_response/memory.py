"""Lists that lie in memory already: sent in parts they would take no less of it."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.streaming_response.reads import returns_of

#: What makes a list of whatever it is given.
_MAKERS = frozenset(("builtins.list", "builtins.sorted"))
REASON = (
    "it lies in the memory of the module already, and parts of it would take no less: load it by "
    "a query, or read it where it is sent"
)


def in_memory(program: Program, function: Function) -> ast.expr | None:
    """What a function returns, where that is a list that its module has computed."""
    for value in returns_of(function):
        if not isinstance(value, ast.Name | ast.Attribute):
            continue
        found = program.binding(value, function.module)
        if found is None or not found[1].is_module or found[0].value is None:
            continue
        binding, home = found
        if isinstance(binding.value, ast.expr) and _is_computed(
            program, binding.value, home.module
        ):
            return value
    return None


def _is_computed(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether a list is made by computation: one that is written out is as long as it looks."""
    match node:
        case ast.ListComp():
            return True
        case ast.Call(func=func, args=[_, *_]):
            return program.outside_name(func, module) in _MAKERS
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return isinstance(left, ast.List) or isinstance(right, ast.List)
    return False
