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
from codemods.plan.places import consumed, materialise, place_obstacle

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
    if _takes_rows(program, view, module) or _kept(program, view, module) is not None:
        return ""
    return f"keeps a result that is streamed in {module.path}:{call.lineno}"


def stream(program: Program, draft: Draft, call: ast.Call, module: Module) -> None:
    """``execute`` becomes ``stream``, and what takes its rows waits for them."""
    assert isinstance(call.func, ast.Attribute)
    single = call.func.attr == "exec" and program.is_a(call, module, known.SCALARS)
    draft.edit(module, call, Rename("stream_scalars" if single else STREAMS[call.func.attr]))
    draft.edit(module, call, Await())
    view = _view(call, module)
    if _takes_rows(program, view, module):
        _wait(program, draft, view, module)
        return
    outer = module.parent(view)
    if isinstance(outer, ast.Call):
        # ``iter(result)``: what an async session streams is an iterator as it is.
        draft.edit(module, outer, Rewrite("{0}"))
    for use in _kept(program, view, module) or ():
        _wait(program, draft, use, module)


def _takes_rows(program: Program, view: ast.expr, module: Module) -> bool:
    """Whether what stands around a result takes its rows in a way that has an async form."""
    parent = module.parent(view)
    match parent:
        case ast.For() if parent.iter is view:
            return True
        case ast.comprehension() if parent.iter is view:
            holder = module.parent(parent)
            return not isinstance(holder, ast.GeneratorExp) or consumed(holder, module, program)
        case ast.Call() if _is_list(program, parent, view, module):
            return True
        case ast.Attribute(attr=attr) if attr in _ENDS:
            return isinstance(module.parent(parent), ast.Call)
    return False


def _wait(program: Program, draft: Draft, view: ast.expr, module: Module) -> None:
    """The async form of what takes the rows of a result."""
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
        case ast.Call() if _is_list(program, parent, view, module):
            draft.edit(module, parent, Rewrite("[item async for item in {0}]"))
            materialise(program, draft, parent, module)
        case ast.Call():
            draft.edit(module, parent.func, Rewrite("anext"))
            draft.edit(module, parent, Await())
            materialise(program, draft, parent, module)
        case ast.Attribute():
            end = module.parent(parent)
            assert isinstance(end, ast.Call)
            draft.edit(module, end, Await())
            materialise(program, draft, end, module)


# -- results with a name ---------------------------------------------------------------------


def _kept(program: Program, view: ast.expr, module: Module) -> list[ast.expr] | None:
    """The uses of the name that a result is given, if each of them has an async form."""
    parent = module.parent(view)
    if (
        isinstance(parent, ast.Call)
        and len(parent.args) == 1
        and _is_call_of("iter", program, parent, view, module)
    ):
        view, parent = parent, module.parent(parent)
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            pass
        case _:
            return None
    holder = module.function_of(view)
    if holder is None or len(holder.bindings.get(name, ())) != 1:
        return None
    found: list[ast.expr] = []
    for node in module.syntax.references.get(name, ()):
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        if module.scope_of(node).lookup(name) is not holder:
            continue
        last = _view(node, module)
        if module.function_of(node) is not holder or not _has_form(program, last, module):
            return None
        found.append(last)
    return found


def _has_form(program: Program, view: ast.expr, module: Module) -> bool:
    """Whether the rows of a result that has a name can be awaited where it is used."""
    if place_obstacle(program, view, module):
        return False
    parent = module.parent(view)
    if isinstance(parent, ast.Call) and _is_call_of("next", program, parent, view, module):
        return _can_step(program, parent, module)
    return _takes_rows(program, view, module)


def _can_step(program: Program, call: ast.Call, module: Module) -> bool:
    """Whether ``await anext(...)`` does what ``next(...)`` did: the end has another name."""
    if len(call.args) == 1 and any(program.modules.mentioning(("StopIteration",))):
        return False
    declared = program.versions.declared(module.path)
    return declared.python_at_least("3.10") is not False


def _view(view: ast.expr, module: Module) -> ast.expr:
    """The last of the calls behind a result that give its rows in another form."""
    while True:
        method = module.parent(view)
        outer = module.parent(method) if isinstance(method, ast.Attribute) else None
        if not isinstance(method, ast.Attribute) or method.attr not in _VIEWS:
            return view
        if not isinstance(outer, ast.Call) or outer.func is not method:
            return view
        view = outer


def _is_list(program: Program, call: ast.Call, view: ast.expr, module: Module) -> bool:
    return len(call.args) == 1 and _is_call_of("list", program, call, view, module)


def _is_call_of(
    name: str, program: Program, call: ast.Call, view: ast.expr, module: Module
) -> bool:
    """Whether a call of a builtin has a result as its first argument."""
    return (
        call.args[:1] == [view]
        and not call.keywords
        and program.outside_name(call.func, module) == f"builtins.{name}"
    )
