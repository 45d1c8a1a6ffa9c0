"""The names of rows: what a ``Select`` would call its columns otherwise than ``Query`` did."""

from __future__ import annotations

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
    """Whether all names of the rows are asked for, here or where their function is used."""
    if sink.module.identifiers & ROW_KEYS:
        return True
    function = sink.module.function_of(sink.node)
    return function is not None and any(
        module.identifiers & ROW_KEYS
        for module in draft.program.modules.mentioning((function.name,))
    )
