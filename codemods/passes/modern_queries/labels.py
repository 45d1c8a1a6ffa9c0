"""The names of rows: what a ``Select`` would call its columns otherwise than ``Query`` did."""

from __future__ import annotations

import ast

from codemods.facts.syntax import Function
from codemods.passes.modern_queries.draft import Draft
from codemods.passes.modern_queries.states import State, UnconvertibleError
from codemods.passes.modern_queries.table import ROW_KEYS
from codemods.passes.modern_queries.travel import Sink

_TWICE = "two columns of its rows have the same name"


def labels(draft: Draft, sink: Sink) -> str:
    """What keeps the names of rows that have the same name twice."""
    needed = {_relabelled(draft, state, sink) for state in sink.source.states}
    if len(needed) > 1:
        raise UnconvertibleError("LL215", f"{_TWICE} at times")
    return ".set_label_style(<LABEL_STYLE_NONE>)" if needed == {True} else ""


def _relabelled(draft: Draft, state: State, sink: Sink) -> bool:
    columns = [item for item in state.selected if item.kind == "column"]
    names = [item.name for item in columns]
    doubles = [item for item in columns if item.name and names.count(item.name) > 1]
    texts = {item.text for item in doubles}
    repeated = len(texts) < len(doubles)
    new = repeated or any(not item.labelled for item in columns)
    if new and _asks_for_keys(draft, sink):
        # The legacy rows have no key for an expression without a label, the new ones do.
        raise UnconvertibleError("LL215", "its rows would get keys for what has no label")
    if not any(item.labelled for item in doubles):
        return False
    if not all(item.labelled for item in doubles):
        raise UnconvertibleError("LL215", _TWICE)
    if repeated and len(texts) > len({item.name for item in doubles}):
        # LABEL_STYLE_NONE cannot tell the same column from itself.
        raise UnconvertibleError("LL215", _TWICE)
    return not repeated


def _asks_for_keys(draft: Draft, sink: Sink) -> bool:
    """Whether all names of the rows are asked for, here or one call away."""
    function = sink.module.function_of(sink.node)
    if function is None:
        return bool(sink.module.identifiers & ROW_KEYS)
    callers = {
        reference.module.function_of(reference.node)
        for reference in draft.program.calls.references(function)
    }
    called = {
        target
        for node in ast.walk(function.definition)
        if isinstance(node, ast.Call)
        for target in draft.program.called_functions(node, sink.module)
    }
    found = {function, *callers, *called}
    return any(_mentions_keys(other) for other in found if other is not None)


def _mentions_keys(function: Function) -> bool:
    if not function.module.identifiers & ROW_KEYS:
        return False
    return any(
        isinstance(node, ast.Attribute) and node.attr in ROW_KEYS
        for node in ast.walk(function.definition)
    )
