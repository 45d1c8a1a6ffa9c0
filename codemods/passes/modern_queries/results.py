"""What runs a query and asks for its rows: terminals, loops, slices and counts."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from codemods.edits import Rename
from codemods.facts.syntax import Class
from codemods.passes.modern_queries.draft import (
    Draft,
    call_of,
    chain_of,
    has_arguments,
    only,
    shape_of,
)
from codemods.passes.modern_queries.labels import labels
from codemods.passes.modern_queries.states import State, UnconvertibleError
from codemods.passes.modern_queries.table import (
    BEFORE_UNION,
    CLAUSES,
    FORMS,
    NOT_BEFORE_EXISTS,
    RESHAPING,
    SET_OPERATIONS,
    TERMINALS,
)
from codemods.passes.modern_queries.travel import Sink


def result(draft: Draft, sink: Sink, name: str, statement: str, tail: str = "") -> None:
    """Run a statement and ask its result for what the terminal gave."""
    if sink.name == name and name in TERMINALS - {"all"} and has_arguments(call_of(sink)):
        raise UnconvertibleError("LL210", f"{name}() is called with arguments")
    states = sink.source.states
    session, shape = draft.session(sink), shape_of(states)
    fixed = _agreed(states, frozenset(("from_statement",)))
    compound = _agreed(states, SET_OPERATIONS)
    _check_distinct(draft, sink)
    if name == "first" and not fixed:
        statement += ".limit(1)"
    if compound:
        statement = _compound(states, shape, statement)
    else:
        statement += labels(draft, sink)
    if name == "scalar" and shape == "C" and all(state.one_row for state in states):
        draft.finish(sink, f"{session}.scalar({statement})")
        return
    collections = any(state.collections for state in states)
    unique = any(state.duplicates for state in states)
    if name == "first" and not fixed and not collections:
        unique = False
    if unique and any("yield_per" in state.marks for state in states):
        raise UnconvertibleError("LL210", "only some of its forms have yield_per()")
    form = FORMS[name].scalars if shape == "E1" else FORMS[name].rows
    run = _run(draft, sink, session, statement, shape == "E1")
    draft.finish(sink, f"{run}{'.unique()' if unique else ''}{form}{tail}")


def _run(draft: Draft, sink: Sink, session: str, statement: str, scalars: bool) -> str:
    if not scalars:
        return f"{session}.execute({statement})"
    if draft.below("1.4.24", sink.module):
        return f"{session}.execute({statement}).scalars()"
    return f"{session}.scalars({statement})"


def _agreed(states: frozenset[State], marks: frozenset[str]) -> bool:
    """Whether all states have one of the marks; not only some may."""
    found = {bool(state.marks & marks) for state in states}
    if len(found) > 1:
        raise UnconvertibleError("LL210", "it is a statement of its own only at times")
    return True in found


def _check_distinct(draft: Draft, sink: Sink) -> None:
    if draft.below("2.0", sink.module) and any(
        "distinct" in state.marks and state.ordered_by_others for state in sink.source.states
    ):
        raise UnconvertibleError("LL211", "Query adds what it is ordered by to its DISTINCT")


def _compound(states: frozenset[State], shape: str, statement: str) -> str:
    """Entities of a union are selected from it; columns are what it gives."""
    if any(not state.marks <= BEFORE_UNION for state in states):
        raise UnconvertibleError("LL212", "a union has options, or is of more than it can be of")
    if shape == "C":
        return statement
    if shape != "E1" or any(state.eager for state in states):
        raise UnconvertibleError("LL212", "a union of rows of entities has no equal form")
    entity = only(state.selected[0].text for state in states)
    return f"<select>({entity}).from_statement({statement})"


def terminal(draft: Draft, sink: Sink) -> None:
    """``all()``, ``first()`` and their like."""
    result(draft, sink, sink.name, "{receiver}")


def iterate(draft: Draft, sink: Sink) -> None:
    """``for x in query``, and ``list(query)``, which is ``all()``."""
    parent = sink.module.parent(sink.node)
    if (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Name)
        and parent.func.id == "list"
        and len(parent.args) == 1
    ):
        result(draft, replace_node(sink, parent), "all", "{0}")
    else:
        result(draft, sink, "iterate", "{self}")


def replace_node(sink: Sink, node: ast.expr) -> Sink:
    """The same sink, as another expression."""
    return replace(sink, node=node, name="list")


def subscript(draft: Draft, sink: Sink) -> None:
    """Slices and indices: their bounds have to be numbers, since Query refuses negative ones."""
    node = sink.node
    index = node.slice if isinstance(node, ast.Subscript) else None
    if not isinstance(index, ast.Slice):
        place = _bound(index)
        if place is None:
            raise UnconvertibleError("LL216", "its index is not a plain number")
        one = "{value}.limit(1)" if place == 0 else f"{{value}}.slice({place}, {place + 1})"
        result(draft, sink, "all", one, "[0]")
        return
    first, last = _bound(index.lower) or 0, _bound(index.upper)
    if last is not None and last <= first:
        raise UnconvertibleError("LL216", "its slice is always empty")
    offset = any(state.marks & {"offset", "slice"} for state in sink.source.states)
    match first, last:
        case 0, None:
            statement = "{value}"
        case 0, _:
            statement = f"{{value}}.limit({last})"
        case _, None if not offset:
            statement = f"{{value}}.offset({first})"
        case _:
            statement = f"{{value}}.slice({first}, {last})"
    step = f"[::{ast.unparse(index.step)}]" if index.step is not None else ""
    result(draft, sink, "all", statement, step)


def _bound(node: ast.expr | None) -> int | None:
    """A constant bound of a slice."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    raise UnconvertibleError("LL216", "a bound of its slice is not a plain number")


def count(draft: Draft, sink: Sink) -> None:
    """``count()``: without a subquery where the rows are those of the entity."""
    session, states = draft.session(sink), sink.source.states
    chain = chain_of(sink.source)
    for state in states:
        given = [item.name for item in state.selected if item.name not in item.text.split(".")]
        if len(set(filter(None, given))) < len(list(filter(None, given))):
            raise UnconvertibleError("LL215", "two labels are the same, which count() refuses")
    if (
        chain.base.kind == "root"
        and not chain.names & RESHAPING
        and all(state.shape == "E1" and not _inherits(draft, state) for state in states)
    ):
        draft.special[chain.base] = "<select>(<func>.count()).select_from({args})"
        draft.finish(sink, f"{session}.scalar({{receiver}})")
        return
    inner = "<select>(<func>.count()).select_from({receiver}.subquery())"
    draft.finish(sink, f"{session}.scalar({inner})")


def _inherits(draft: Draft, state: State) -> bool:
    """Whether a class shares its table with others, or has one beside that of its base."""
    models = draft.program.models
    return any(
        isinstance(base, Class) and models.is_mapped(base)
        for item in state.selected
        for cls in item.classes
        for base in draft.program.mro(cls)[1:]
    )


def clause(draft: Draft, sink: Sink) -> None:
    """``subquery()`` and its like: ``Select`` has them too."""
    call = call_of(sink)
    if any(state.marks & SET_OPERATIONS for state in sink.source.states):
        raise UnconvertibleError("LL212", "a union is made a clause, whose columns differ")
    if sink.name == "subquery" and (
        len(call.args) > 1 or any(keyword.arg != "name" for keyword in call.keywords)
    ):
        raise UnconvertibleError("LL210", "subquery() is called with arguments that Select lacks")
    if CLAUSES[sink.name] != sink.name:
        draft.act(sink.module, call, Rename(CLAUSES[sink.name]))


def exists(draft: Draft, sink: Sink) -> None:
    """``exists()``: ``Query`` selects 1 in the place of the columns, ``Select`` keeps them."""
    for state in sink.source.states:
        plain = all(
            item.kind == "entity" or item.owned or (not item.froms and not item.aggregate)
            for item in state.selected
        )
        selected = frozenset().union(*(item.froms for item in state.selected))
        if not plain or len(selected) > 1 or state.marks & NOT_BEFORE_EXISTS:
            raise UnconvertibleError("LL210", "exists() is asked of more than rows of an entity")
    clause(draft, sink)


def statement(draft: Draft, sink: Sink) -> None:
    """``query.statement``: the statement itself."""
    if any(state.marks & SET_OPERATIONS for state in sink.source.states):
        raise UnconvertibleError("LL212", "a union is made a statement, whose columns differ")
    draft.finish(sink, "{receiver}" + labels(draft, sink))


def nothing(draft: Draft, sink: Sink) -> None:
    """What takes a ``Select`` where it took a ``Query``."""
    if any(state.marks & SET_OPERATIONS for state in sink.source.states):
        raise UnconvertibleError("LL212", "a union is made a clause, whose columns differ")


def true(draft: Draft, sink: Sink) -> None:
    """A Query is always true, and a Select refuses to say: but neither is ``None``."""
    draft.finish(sink, "{self} is not None")


def untrue(draft: Draft, sink: Sink) -> None:
    """``not query``, which is never true."""
    draft.finish(sink, "{value} is None")


HANDLERS: dict[str, Callable[[Draft, Sink], None]] = {
    "iterate": iterate,
    "true": true,
    "untrue": untrue,
    "slice": subscript,
    "count": count,
    "clause": nothing,
    "whereclause": nothing,
    "statement": statement,
    "selectable": statement,
    **dict.fromkeys(CLAUSES, clause),
    "exists": exists,
    **dict.fromkeys(FORMS.keys() - {"iterate"}, terminal),
}
