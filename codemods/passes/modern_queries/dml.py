"""``get()``, ``update()`` and ``delete()``: what is not a ``SELECT`` of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable

from codemods.passes.modern_queries.draft import (
    Draft,
    call_of,
    chain_of,
    is_starred,
    method_of,
    only,
)
from codemods.passes.modern_queries.states import UnconvertibleError
from codemods.passes.modern_queries.table import BEFORE_DML, BEFORE_GET
from codemods.passes.modern_queries.travel import Node, Sink

_FILTERS = frozenset({"filter", "where", "filter_by"})
_PARAMETERS = {
    "update": ("values", "synchronize_session", "update_args"),
    "delete": ("synchronize_session", "delete_args"),
}


def get(draft: Draft, sink: Sink) -> None:
    """``query(Model).get(key)`` is ``Session.get``; options become its arguments."""
    session, call = draft.session(sink), call_of(sink)
    chain = chain_of(sink.source)
    if chain.base.kind != "root" or not chain.names <= BEFORE_GET:
        raise UnconvertibleError("LL210", "get() is called on a query that was built before")
    (state,) = chain.base.states
    if state.shape != "E1":
        raise UnconvertibleError("LL214", "what the query selects is not known")
    if len(call.args) + len(call.keywords) != 1 or any(k.arg != "ident" for k in call.keywords):
        raise UnconvertibleError("LL210", "get() is called with arguments that are not known")
    arguments = [state.selected[0].text, "{args}" if call.args else "{ident=}"]
    options: list[str] = []
    for step in reversed(chain.steps):
        arguments += _get_argument(step, options)
        draft.special[step] = ""
    if options:
        arguments.append(f"options=[{', '.join(options)}]")
    draft.special[chain.base] = ""
    draft.finish(sink, f"{session}.get({', '.join(arguments)})")


def _get_argument(step: Node, options: list[str]) -> list[str]:
    """What a step before ``get()`` becomes; loader options are collected."""
    call, name = step.call, method_of(step)
    if name == "options":
        options.extend(ast.unparse(argument) for argument in call.args)
        return []
    if name == "populate_existing":
        return ["populate_existing=True"]
    if name == "order_by":
        return []
    if call.args or any(keyword.arg is None for keyword in call.keywords):
        raise UnconvertibleError("LL210", f"{name}() takes its arguments from elsewhere")
    pairs = ", ".join(f'"{k.arg}": {ast.unparse(k.value)}' for k in call.keywords)
    if name == "with_for_update" and not pairs:
        return ["with_for_update=True"]
    return [f"{name}={{{pairs}}}"]


def change(draft: Draft, sink: Sink) -> None:
    """``query(Model).filter(...).update(...)`` and ``delete()``."""
    session, call, name = draft.session(sink), call_of(sink), sink.name
    states = sink.source.states
    if any(not state.marks <= BEFORE_DML for state in states):
        raise UnconvertibleError("LL210", f"{name}() is called after what Query does not allow")
    if any(state.shape != "E1" for state in states):
        raise UnconvertibleError("LL214", f"{name}() is called on something else than one entity")
    if any(isinstance(state.selected[0].identity, ast.Call) for state in states):
        raise UnconvertibleError("LL210", f"{name}() is called on an alias")
    arguments = _arguments(call, name)
    chain = chain_of(sink.source)
    if chain.base.kind == "root" or _whole_part(draft, name):
        for root in [chain.base] if chain.base.kind == "root" else draft.supply.part.roots:
            draft.special[root] = f"<{name}>({{args}})"
        statement = "{receiver}"
    else:
        statement = _of_select(sink)
    if name == "update":
        statement += f".values({arguments['values']})"
    if "synchronize_session" in arguments:
        how = arguments["synchronize_session"]
        statement += f".execution_options(synchronize_session={how})"
    if extra := arguments.get(f"{name}_args"):
        statement += f".with_dialect_options(**{extra})"
    used = not isinstance(sink.module.parent(call), ast.Expr)
    draft.finish(sink, f"{session}.execute({statement}){'.rowcount' if used else ''}")


def _whole_part(draft: Draft, name: str) -> bool:
    """Whether a query that was built before is there for this change only."""
    part = draft.supply.part
    return all(sink.name == name for sink in part.sinks) and not any(
        node.function is not None or isinstance(node.node, ast.AnnAssign) for node in part.nodes
    )


def _of_select(sink: Sink) -> str:
    """A query that was built before: its criteria go to the new statement."""
    name, states = sink.name, sink.source.states
    if any("execution_options" in state.marks for state in states):
        raise UnconvertibleError("LL210", f"{name}() is called on a query with options")
    if any(state.module is not sink.module for state in states):
        raise UnconvertibleError("LL210", f"{name}() is called on a query of another module")
    if any(state.selected[0].dynamic for state in states):
        raise UnconvertibleError("LL210", f"{name}() is called on a query of a model in a variable")
    model = only(state.selected[0].text for state in states)
    filtered = {bool(state.marks & _FILTERS) for state in states}
    if filtered == {False}:
        return f"<{name}>({model})"
    if filtered == {True}:
        return f"<{name}>({model}).where({{receiver}}.whereclause)"
    raise UnconvertibleError("LL210", f"{name}() is called on a query that is filtered at times")


def _arguments(call: ast.Call, name: str) -> dict[str, str]:
    """The arguments of ``update`` or ``delete`` as holes of a template."""
    parameters = _PARAMETERS[name]
    if is_starred(call) or any(keyword.arg is None for keyword in call.keywords):
        raise UnconvertibleError("LL210", f"{name}() takes its arguments from elsewhere")
    found = {
        parameter: f"{{{index}}}"
        for index, (parameter, _) in enumerate(zip(parameters, call.args, strict=False))
    }
    found |= {str(keyword.arg): f"{{{keyword.arg}=}}" for keyword in call.keywords}
    if not found.keys() <= set(parameters) or len(call.args) > len(parameters):
        raise UnconvertibleError("LL210", f"{name}() is called with arguments that are not known")
    if "preserve_parameter_order" in ast.unparse(call):
        raise UnconvertibleError("LL210", "update() has an order of its own: use ordered_values()")
    if name == "update" and "values" not in found:
        raise UnconvertibleError("LL210", "update() is called without values")
    return found


HANDLERS: dict[str, Callable[[Draft, Sink], None]] = {
    "get": get,
    "update": change,
    "delete": change,
}
