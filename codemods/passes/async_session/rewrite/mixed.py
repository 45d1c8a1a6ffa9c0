"""Calls that can mean something that waits, and something that does not."""

from __future__ import annotations

import ast

from codemods.edits.actions import Rewrite
from codemods.facts.modules import Module
from codemods.plan.draft import Draft

#: Names for what the call gave: the first that the module does not use.
_NAMES = ("given", "outcome", "returned")


def await_if_needed(draft: Draft, call: ast.Call, module: Module) -> None:
    """``hook()`` is awaited if it gives something to await: what is kept there is of both kinds."""
    name = next((name for name in _NAMES if name not in module.identifiers), "given_")
    edit = Rewrite(f"(await {name} if isawaitable({name} := {{self}}) else {name})")
    if not draft.done(call, edit):
        draft.edit(module, call, edit)
        draft.add_import(module, "inspect", "isawaitable")
