"""Cached properties that wait: what they gave is kept in the object, as it was."""

from __future__ import annotations

import ast

from codemods.edits.actions import InsertBefore, ReplaceStatement, Rewrite
from codemods.facts import Program
from codemods.facts.syntax import Function
from codemods.plan.draft import Draft
from codemods.plan.properties import CACHED


def edit_cached(program: Program, draft: Draft, function: Function) -> None:
    """``cached_property`` would keep a coroutine, which can be awaited once only.

    The property keeps the value itself, where ``cached_property`` does.
    """
    if program.decorators(function) != [CACHED]:
        return
    module, definition = function.module, function.definition
    (decorator,) = definition.decorator_list
    draft.edit(module, decorator, Rewrite("property"))
    if isinstance(decorator, ast.Name):
        draft.drop_import(module, "functools", decorator.id)
    kept = f'{function.parameters[0].arg}.__dict__["{function.name}"]'
    owner = f"{function.parameters[0].arg}.__dict__"
    first = definition.body[1 if ast.get_docstring(definition) is not None else 0]
    draft.edit(
        module,
        first,
        InsertBefore(f'if "{function.name}" in {owner}:\n    return {kept}'),
    )
    for statement in function.returns:
        draft.edit(module, statement, ReplaceStatement(f"{kept} = {{value}}\nreturn {kept}"))
