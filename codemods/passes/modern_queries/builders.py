"""The builders of queries in their 2.0 form."""

from __future__ import annotations

import ast

from codemods.edits import Rename
from codemods.passes.modern_queries.draft import Draft, is_starred, method_of
from codemods.passes.modern_queries.entities import STRANGER
from codemods.passes.modern_queries.states import State, UnconvertibleError
from codemods.passes.modern_queries.table import RENAMED, REWRITTEN, SAME, SET_OPERATIONS
from codemods.passes.modern_queries.travel import Node


def convert_step(draft: Draft, node: Node) -> None:
    """Edit the call of a builder."""
    call, name = node.call, method_of(node)
    if name == "filter_by":
        _filter_by(draft, node)
    elif name == "enable_eagerloads":
        _enable_eagerloads(draft, node)
    elif name in RENAMED:
        draft.change(node, Rename(RENAMED[name]))
    elif name not in SAME | SET_OPERATIONS:
        template = REWRITTEN.get((name, len(call.args)))
        if template is None or call.keywords or is_starred(call):
            raise UnconvertibleError("LL210", f"{name}() is called in a form that is not known")
        draft.rewrite(node, template)


def _filter_by(draft: Draft, node: Node) -> None:
    """``filter_by`` stays where it means the same; else it is aimed at its entity."""
    call, before = node.call, node.inputs[0].states
    targets = {_filtered(state) for state in before}
    if targets == {""}:
        return
    if len(targets) != 1 or None in targets:
        raise UnconvertibleError(
            "LL213", "which entity filter_by() is about after the joins is not known"
        )
    if any(keyword.arg is None for keyword in call.keywords):
        if draft.below("2.1", node.module) and all(state.target for state in before):
            return
        raise UnconvertibleError("LL213", "filter_by() after a join takes its names from elsewhere")
    target = str(targets.pop())
    for state in before:
        draft.steps.check_name(state, target, node.module, call)
    for keyword in call.keywords:
        draft.steps.check_attribute(target, str(keyword.arg), node.module, call)
    criteria = ", ".join(_criterion(target, keyword) for keyword in call.keywords)
    draft.rewrite(node, f"{{receiver}}.where({criteria})")


def _filtered(state: State) -> str | None:
    """The entity that a ``filter_by`` has to name; "" where it can stay, None if unknown."""
    if state.target:
        return state.target
    if state.target is None:
        return None
    alone = len(state.froms) == 1 and STRANGER not in state.froms
    joined = state.marks & {"join", "outerjoin", "select_from"}
    # Of several columns, SQLAlchemy 2.1 asks each for its entity, and finds the same one twice.
    if alone and not joined and len(state.selected) == 1:
        return ""
    items = state.selected if alone else state.selected[:1]
    return next((item.first for item in items if item.first), None)


def _criterion(target: str, keyword: ast.keyword) -> str:
    value = keyword.value
    if isinstance(value, ast.Constant) and value.value is None:
        return f"{target}.{keyword.arg}.is_(None)"
    return f"{target}.{keyword.arg} == {{{keyword.arg}=}}"


def _enable_eagerloads(draft: Draft, node: Node) -> None:
    """There is no such method; it can go where nothing would be loaded eagerly."""
    states = node.inputs[0].states
    if any("options" in state.marks or state.eager for state in states):
        raise UnconvertibleError("LL210", "enable_eagerloads() has no counterpart")
    draft.rewrite(node, "{receiver}")
