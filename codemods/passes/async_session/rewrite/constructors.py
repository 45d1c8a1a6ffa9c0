"""Constructors that wait: ``async def prepare``, and a class method that makes the object."""

from __future__ import annotations

import ast

from codemods.edits.actions import InsertBefore, Rename, Rewrite
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.plan.constructors import calls_by_name
from codemods.plan.draft import Draft

_FACTORY = """\
@classmethod
async def {make}(cls, *args: {any}, **kwargs: {any}) -> "{name}":
    self = cls.__new__(cls)
    await self.{prepare}(*args, **kwargs)
    return self

"""


def edit_constructor(analysis: Analysis, draft: Draft, function: Function) -> None:
    """``__init__`` gets a name under which it can wait; the topmost class gets the class method."""
    top = _top(analysis, function)
    make, prepare = _names(analysis, top)
    module, definition = function.module, function.definition
    draft.edit(module, definition, Rename(prepare))
    if function.parent is top:
        name = draft.add_import(module, "typing", "Any")
        factory = _FACTORY.format(make=make, prepare=prepare, name=top.name, any=name)
        draft.edit(module, definition, InsertBefore(factory))


def make_waiting(
    analysis: Analysis, draft: Draft, callee: Function, call: ast.Call, module: Module
) -> None:
    """``Service(db)`` becomes ``Service.create(db)``; ``super().__init__()`` has its new name."""
    make, prepare = _names(analysis, _top(analysis, callee))
    if calls_by_name(call):
        draft.edit(module, call.func, Rename(prepare))
    else:
        draft.edit(module, call.func, Rewrite(f"{{self}}.{make}"))


def _top(analysis: Analysis, function: Function) -> Class:
    colours = analysis.colours
    return colours.framework.constructors.top(function, colours.asynchronous)


def _names(analysis: Analysis, top: Class) -> tuple[str, str]:
    return analysis.colours.framework.constructors.names(top)
