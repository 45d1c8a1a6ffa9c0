"""What became of each query: the chain of methods that it was, and the calls that it is now.

A mock of a session is told what to give by the same chain, so that a test follows its code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codemods.facts.syntax import Class, Function
from codemods.passes.modern_queries.draft import method_of
from codemods.passes.modern_queries.states import State
from codemods.passes.modern_queries.table import TERMINALS, words
from codemods.passes.modern_queries.travel import Node, Part, Sink

#: The methods of a session that the new forms call.
SESSION_METHODS = words("scalars scalar execute get")
_HOLE = re.compile(r"\{\w+=?\}|<(\w+)>")
_MOST_CHAINS = 200


@dataclass(frozen=True)
class Slot:
    """The calls of a new form: the session's method, then those of its result.

    ``attribute`` is what is read at last without a call.
    """

    names: tuple[str, ...]
    attribute: str = ""

    @property
    def method(self) -> str:
        """The session's method."""
        return self.names[0]


@dataclass(frozen=True, eq=False)
class Form:
    """One place that runs a query: the chains that it can be, and its new form.

    ``slot`` is None where the query is left. ``entities`` are what its statement selects from.
    """

    function: Function | None
    chains: frozenset[tuple[str, ...]]
    slot: Slot | None
    entities: frozenset[Class]


def converted(finished: Mapping[Sink, str]) -> Iterator[Form]:
    """The new forms of what runs a query, by the templates of the sinks."""
    for sink, template in finished.items():
        slot = slot_of(template)
        if slot is not None:
            yield _form(sink, slot)


def left(part: Part) -> Iterator[Form]:
    """What runs the queries of a part that is left."""
    return (_form(sink, None) for sink in part.sinks)


def _form(sink: Sink, slot: Slot | None) -> Form:
    terminal = (sink.name,) if sink.name in TERMINALS else ()
    return Form(
        sink.module.function_of(sink.node),
        frozenset((*chain, *terminal) for chain in chains(sink.source)),
        slot,
        _entities(sink.source.states),
    )


def chains(node: Node) -> frozenset[tuple[str, ...]]:
    """The methods that a query went through, on each of its ways to ``node``."""
    found: set[tuple[str, ...]] = set()
    waiting: list[tuple[Node, tuple[str, ...], frozenset[Node]]] = [(node, (), frozenset())]
    # Ways part and meet again: what is behind a meeting is the same for all of them.
    asked: set[tuple[Node, tuple[str, ...]]] = set()
    while waiting and len(found) < _MOST_CHAINS:
        current, after, seen = waiting.pop()
        if current in seen or (current, after) in asked:
            continue
        asked.add((current, after))
        if current.kind == "root":
            found.add(("query", *after))
            continue
        if current.kind == "step":
            after = (method_of(current), *after)
        waiting.extend((source, after, seen | {current}) for source in current.inputs)
    return frozenset(found)


def slot_of(template: str) -> Slot | None:
    """The calls that a template makes on the session, from the inside out."""
    node: ast.expr = ast.parse(_HOLE.sub(lambda hole: hole[1] or "_", template), mode="eval").body
    names: list[str] = []
    attribute = ""
    while True:
        match node:
            case ast.Subscript(value=value):
                node = value
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=args):
                names.append(name)
                if name in SESSION_METHODS and args:
                    return Slot(tuple(reversed(names)), attribute)
                node = value
            case ast.Attribute(value=value, attr=name) if not names:
                attribute, node = name, value
            case _:
                return None


def _entities(states: frozenset[State]) -> frozenset[Class]:
    """The classes that a query selects from first."""
    found: set[Class] = set()
    for state in states:
        first = state.selected[0] if state.selected else None
        if first is None:
            continue
        found |= first.classes or {one for one in first.froms if isinstance(one, Class)}
    return frozenset(found)
