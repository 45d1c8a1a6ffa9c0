"""What listens to SQLAlchemy's events, and to what.

See https://docs.sqlalchemy.org/en/20/core/event.html.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.sessions.sites import Site

_WORDS = ("listen", "listens_for", "remove", "contains")
#: What has something listen to an event, or listen no more, by resolved name.
LISTENING = frozenset(
    f"sqlalchemy.{path}.{word}" for path in ("event", "event.api") for word in _WORDS
)


@dataclass(frozen=True)
class Target:
    """What is listened to by a call, and where that stands; ``word`` is what is called."""

    node: ast.expr
    module: Module
    call: ast.Call
    word: str


def is_listening(program: Program, call: ast.AST | None, module: Module) -> bool:
    """Whether a call has something listen to an event, or listen no more."""
    return isinstance(call, ast.Call) and program.outside_name(call.func, module) in LISTENING


def targets(program: Program) -> Iterator[Target]:
    """Everything that is listened to."""
    for module in program.modules.mentioning(_WORDS):
        for word in _WORDS:
            for call in module.syntax.calls.get(word, ()):
                node = _target(call)
                if node is not None and is_listening(program, call, module):
                    yield Target(node, module, call, word)


def within_listeners(program: Program, sites: list[Site]) -> list[Site]:
    """The sites in listeners that use the connection or session of the function around them.

    SQLAlchemy calls a listener in the middle of an awaited call: it goes on with the sync form
    within the async one. What it keeps by ``nonlocal`` is of that form; where the function around
    it waits for that too, the site is none of these.
    """
    return [
        site
        for site in sites
        if (listener := site.function) is not None
        and isinstance(outer := listener.parent, Function)
        and any(_is_of(outer, listener, given) for given in site.given)
        and _listens(program, listener)
        and not _awaits_kept(listener, outer, sites)
    ]


def _awaits_kept(listener: Function, outer: Function, sites: list[Site]) -> bool:
    """Whether the function around a listener waits for what that keeps by ``nonlocal``."""
    return any(
        site.function is outer and isinstance(given, ast.Name) and given.id in listener.outer_names
        for site in sites
        for given in site.given
    )


def _listens(program: Program, function: Function) -> bool:
    module = function.module
    if any(is_listening(program, d, module) for d in function.definition.decorator_list):
        return True
    return any(
        is_listening(program, module.parent(reference.node), module)
        for reference in program.calls.references(function)
        if reference.module is module
    )


def _is_of(outer: Function, listener: Function, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and listener.lookup(node.id, node) is outer


def _target(call: ast.Call) -> ast.expr | None:
    if call.args:
        return call.args[0]
    return next((k.value for k in call.keywords if k.arg == "target"), None)
