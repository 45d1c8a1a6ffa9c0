"""Events: what listens to an engine, a session or a factory listens to the sync form within it.

An async engine, connection or session has no events of its own: SQLAlchemy refuses to listen to
it. ``sync_engine``, ``sync_connection`` and ``sync_session`` have them. A factory has none either,
so it gets a class of its own for the sessions within its async ones (``sync_session_class``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from codemods.edits.actions import AddDecorator, Arguments, InsertAfter, InsertBefore, Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Function, Scope
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.engine.holders import Holder, Holders
from codemods.passes.async_session.engine.twins import import_twin
from codemods.passes.async_session.sessions.listening import targets
from codemods.passes.async_session.sessions.makers import makes
from codemods.plan.draft import Draft, origin_of
from codemods.plan.generated import import_name

#: The sync object within an async one.
_WITHIN = {
    known.ENGINE: "sync_engine",
    known.CONNECTION: "sync_connection",
    known.SESSION: "sync_session",
}
_CLASS = '''\
class {name}({base}):
    """The session within an async one: events are listened to here."""
'''


def edit_events(
    analysis: Analysis, draft: Draft, holders: Holders, engines: Set[ast.expr]
) -> None:
    """Listen to what is within the async forms; ``engines`` are the calls that make async ones."""
    seen: set[ast.expr] = set()
    for holder in holders.all:
        seen |= {reference.node for reference in holder.events}
        if holder.needs_async:
            node = holder.bindings[0].node
            with draft.because(origin_of(holder.module, node, "it becomes async")):
                _of_holder(analysis.program, draft, holder)
    for target in targets(analysis.program):
        if target.node in seen:
            continue
        if within := _within(analysis, target.node, target.module, engines):
            draft.edit(target.module, target.node, Rewrite(f"{{self}}.{within}"))
    for site in analysis.within_listeners:
        if site.function is not None and _becomes_async(analysis, site.function.parent):
            for node in site.given:
                draft.edit(site.module, node, Rewrite(f"{{self}}.{_WITHIN[site.owner]}"))


def _becomes_async(analysis: Analysis, around: Scope | None) -> bool:
    return isinstance(around, Function) and analysis.is_async(around)


def _within(analysis: Analysis, node: ast.expr, module: Module, engines: Set[ast.expr]) -> str:
    """The attribute that holds the sync form of what a function made or was given, or ""."""
    program = analysis.program
    made = program.definition(node, module)
    if made is not None and made[0] in engines:
        return _WITHIN[known.ENGINE]
    if not analysis.is_async(module.function_of(node)):
        return ""
    return next((word for cls, word in _WITHIN.items() if program.is_a(node, module, cls)), "")


# -- what a name of a module or an attribute holds ---------------------------------------------


def _of_holder(program: Program, draft: Draft, holder: Holder) -> None:
    if not holder.events:
        return
    own = None if holder.kind == "engine" else _own_class(program, draft, holder)
    for reference in holder.events:
        if own is None:
            draft.edit(reference.module, reference.node, Rewrite("{self}.sync_engine"))
        else:
            named = own.named(program, draft, reference)
            draft.edit(reference.module, reference.node, Rewrite(named))
        if holder.needs_sync:
            _beside(draft, holder, reference)


def _beside(draft: Draft, holder: Holder, reference: Reference) -> None:
    """What listens to it listens to the sync one that is kept as well."""
    module, node = reference.module, reference.node
    call = module.parent(node)
    if isinstance(call, ast.keyword):
        call = module.parent(call)
    assert isinstance(call, ast.Call)
    again = re.sub(rf"\b{re.escape(holder.name)}\b", holder.twin, module.source(call), count=1)
    outer = module.parent(call)
    if isinstance(outer, ast.FunctionDef) and call in outer.decorator_list:
        draft.edit(module, outer, AddDecorator(again))
    elif isinstance(outer, ast.Expr):
        draft.edit(module, outer, InsertAfter(again))
    else:
        return
    if isinstance(node, ast.Name):
        import_twin(draft, node, module, holder.name, holder.twin)


@dataclass(frozen=True)
class _OwnClass:
    """The class of the sessions within those that a factory makes."""

    name: str
    module: Module

    def named(self, program: Program, draft: Draft, reference: Reference) -> str:
        """What a module calls it."""
        if reference.module is self.module:
            return self.name
        source = import_name(program, reference.module, self.module.path)
        return draft.name_for(reference.module, source, self.name)


def _own_class(program: Program, draft: Draft, holder: Holder) -> _OwnClass:
    calls = list(_factories(program, holder))
    module, call = calls[0]
    own = _OwnClass(_free_name(module, holder), module)
    base = draft.name_for(module, known.SESSION.rpartition(".")[0], "Session")
    text = _CLASS.format(name=own.name, base=base)
    draft.edit(module, _outermost(module, call), InsertBefore(text))
    for made_in, made in calls:
        put = Arguments((), (("sync_session_class", own.name),))
        draft.edit(made_in, made, put)
    return own


def _factories(program: Program, holder: Holder) -> Iterator[tuple[Module, ast.Call]]:
    """The calls of ``sessionmaker`` that make what a holder holds."""
    if holder.maker is not None:
        function = holder.maker.function
        made = [(function.module, call) for call in makes(program, function)]
    else:
        made = [
            (holder.module, node)
            for call in holder.calls
            for node in ast.walk(call)
            if isinstance(node, ast.Call)
        ]
    for module, call in made:
        if program.outside_name(call.func, module) == known.SESSIONMAKER:
            yield module, call


def _free_name(module: Module, holder: Holder) -> str:
    taken = module.identifiers
    return "SyncSession" if "SyncSession" not in taken else f"Sync{holder.name.lstrip('_')}Session"


def _outermost(module: Module, node: ast.AST) -> ast.stmt:
    """The statement of the module in which a node stands."""
    statement = module.statement(node)
    for parent in module.ancestors(node):
        if isinstance(parent, ast.stmt):
            statement = parent
    return statement
