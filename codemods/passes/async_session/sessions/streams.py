"""Results that the driver streams: an async session has methods of their own for them.

``execute`` of a statement with ``yield_per`` or ``stream_results`` raises there. ``stream`` and
``stream_scalars`` give a result whose rows are awaited one by one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Await, MakeAsync, MakeList, Rename, Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.walk import walk
from codemods.plan.draft import Draft
from codemods.plan.places import consumed, materialise

#: The options of a statement, a connection or a call that have the driver stream the rows.
OPTIONS = ("yield_per", "stream_results")

#: The methods that run a statement, and those that stream it; SQLModel's ``exec`` is one of both.
STREAMS = {"execute": "stream", "scalars": "stream_scalars", "exec": "stream"}

#: Methods of a result that give the same rows in another form, awaited on neither side.
_VIEWS = frozenset("unique columns mappings scalars tuples yield_per partitions".split())

#: Methods of a result that are coroutines of a streamed one.
_ENDS = frozenset(
    "all first one one_or_none scalar scalar_one scalar_one_or_none fetchall fetchone fetchmany"
    " close freeze".split()
)


class Streams:
    """Tells which calls stream their rows; what leads to none of the options is asked once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._any = any(program.modules.mentioning(OPTIONS))
        self._never: set[ast.expr] = set()

    def has(self, call: ast.Call, module: Module) -> bool:
        """Whether a call of ``execute``, ``scalars`` or ``exec`` streams its rows."""
        if not self._any or not isinstance(call.func, ast.Attribute):
            return False
        if call.func.attr not in STREAMS:
            return False
        given = [call.func.value, *call.args, *(keyword.value for keyword in call.keywords)]
        return any(self._streams(node, module) for node in given)

    def _streams(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression sets one of the options, here or where its names come from."""
        seen: set[ast.expr] = set()
        waiting = [(node, module)]
        while waiting:
            current, home = waiting.pop()
            if current in seen or current in self._never:
                continue
            seen.add(current)
            for inner in walk(current):
                if _sets_option(inner):
                    return True
                if isinstance(inner, ast.Name | ast.Call):
                    waiting += _sources(self.program, inner, home)
        self._never |= seen
        return False


def _sets_option(node: ast.AST) -> bool:
    match node:
        case ast.keyword(arg=name, value=value) if name in OPTIONS:
            return not (isinstance(value, ast.Constant) and not value.value)
        case ast.Dict(keys=keys):
            return any(isinstance(key, ast.Constant) and key.value in OPTIONS for key in keys)
    return False


def _sources(
    program: Program, node: ast.Name | ast.Call, module: Module
) -> Iterator[tuple[ast.expr, Module]]:
    """What a name was given, or a function of the application returns."""
    if isinstance(node, ast.Call):
        for function in program.called_functions(node, module):
            for returned in function.returns:
                if returned.value is not None:
                    yield returned.value, function.module
        return
    holder = module.scope_of(node).lookup(node.id)
    for binding in holder.bindings.get(node.id, ()) if holder is not None else ():
        if binding.value is not None and binding.kind in ("assign", "annotated", "walrus"):
            yield binding.value, module
        elif isinstance(binding.node, ast.arg) and isinstance(holder, Function):
            for reference in program.calls.references(holder):
                if reference.call is not None:
                    given = program.calls.argument(reference.call, holder, binding.node)
                    if given is not None:
                        yield given, reference.module


def stream_obstacle(program: Program, call: ast.Call, module: Module) -> str:
    """Why a streamed result can't be streamed by an async session where it stands, or ""."""
    view = _view(call, module)
    parent = module.parent(view)
    match parent:
        case ast.For() if parent.iter is view:
            return ""
        case ast.comprehension() if parent.iter is view:
            holder = module.parent(parent)
            if not isinstance(holder, ast.GeneratorExp) or consumed(holder, module, program):
                return ""
        case ast.Call() if _is_list(program, parent, view, module):
            return ""
        case ast.Attribute(attr=attr) if attr in _ENDS:
            if isinstance(module.parent(parent), ast.Call):
                return ""
    return f"keeps a result that is streamed in {module.path}:{call.lineno}"


def stream(program: Program, draft: Draft, call: ast.Call, module: Module) -> None:
    """``execute`` becomes ``stream``, and what takes its rows waits for them."""
    assert isinstance(call.func, ast.Attribute)
    single = call.func.attr == "exec" and program.is_a(call, module, known.SCALARS)
    draft.edit(module, call, Rename("stream_scalars" if single else STREAMS[call.func.attr]))
    draft.edit(module, call, Await())
    view = _view(call, module)
    parent = module.parent(view)
    match parent:
        case ast.For():
            draft.edit(module, parent, MakeAsync())
        case ast.comprehension():
            holder = module.parent(parent)
            assert isinstance(holder, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
            draft.edit(module, holder, MakeAsync(holder.generators.index(parent)))
            if isinstance(holder, ast.GeneratorExp):
                draft.edit(module, holder, MakeList())
            materialise(program, draft, holder, module)
        case ast.Call():
            draft.edit(module, parent, Rewrite("[item async for item in {0}]"))
            materialise(program, draft, parent, module)
        case ast.Attribute():
            end = module.parent(parent)
            assert isinstance(end, ast.Call)
            draft.edit(module, end, Await())
            materialise(program, draft, end, module)


def _view(call: ast.Call, module: Module) -> ast.Call:
    """The last of the calls behind ``call`` that give its rows in another form."""
    while True:
        method = module.parent(call)
        outer = module.parent(method) if isinstance(method, ast.Attribute) else None
        if not isinstance(method, ast.Attribute) or method.attr not in _VIEWS:
            return call
        if not isinstance(outer, ast.Call) or outer.func is not method:
            return call
        call = outer


def _is_list(program: Program, call: ast.Call, view: ast.Call, module: Module) -> bool:
    return (
        call.args == [view]
        and not call.keywords
        and program.outside_name(call.func, module) == "builtins.list"
    )
