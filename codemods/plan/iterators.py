"""Iterators that wait at each step, and what uses them up."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.values import External
from codemods.plan.places import CONSUMERS, consumed


def collector(program: Program, call: ast.Call, module: Module) -> ast.expr | None:
    """What uses up the iterator that ``call`` gives without doing anything else meanwhile.

    A call like ``list(...)``, or the iterator itself where a comprehension or a loop reads it.
    """
    parent = module.parent(call)
    match parent:
        case ast.Call(func=func, args=[first]) if first is call:
            values = program.infer(func, module)
            named = bool(values) and all(
                isinstance(v, External) and v.name in CONSUMERS for v in values
            )
            plain = all(isinstance(k.value, ast.Constant) for k in parent.keywords)
            return parent if named and plain else None
        case ast.comprehension(iter=read) if read is call:
            whole = module.parent(parent)
            return call if _is_plain(whole, parent, program, module) else None
        case ast.For(iter=read) if read is call and _is_listed(program, call, module):
            return call
    return None


def _is_plain(
    whole: ast.AST | None, part: ast.comprehension, program: Program, module: Module
) -> bool:
    """Whether a comprehension reads one iterator, and calls nothing for its items."""
    if not isinstance(whole, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return False
    if len(whole.generators) != 1 or part.is_async:
        return False
    if isinstance(whole, ast.GeneratorExp) and not consumed(whole, module, program):
        return False
    parts = [n for n in ast.iter_child_nodes(whole) if n is not part] + part.ifs
    return not any(
        isinstance(node, ast.Call) and not _is_quick(node)
        for one in parts
        for node in ast.walk(one)
    )


def _is_quick(call: ast.Call) -> bool:
    """Whether a call only looks at a text or a name."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in _TEXT_METHODS


_TEXT_METHODS = frozenset(
    """startswith endswith lower upper strip lstrip rstrip split replace removeprefix removesuffix
    as_posix relative_to with_suffix match isdigit""".split()
)


def _is_listed(program: Program, call: ast.Call, module: Module) -> bool:
    """Whether the iterator reads everything at its first step: a loop sees no later change."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "iterdir"
        and program.is_a(call.func.value, module, known.PATH)
    )
