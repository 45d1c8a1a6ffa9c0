"""Edits of functions and of the calls in them: ``async def``, ``await``, ``async with``."""

from __future__ import annotations

import ast
from itertools import groupby

from codemods.edits.actions import (
    Await,
    MakeAsync,
    MakeList,
    Rename,
    ReplaceStatement,
    Rewrite,
    SetReturns,
)
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.carried import managed_by
from codemods.facts.cases import is_hook
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.colour.beside import await_in_order
from codemods.passes.async_session.colour.boundaries import Bridge
from codemods.passes.async_session.colour.obstacles import Consumer, chain_top, consumer
from codemods.passes.async_session.colour.validated import edit_validations
from codemods.passes.async_session.rewrite.binds import edit_binds, engine_source
from codemods.passes.async_session.rewrite.cached import edit_cached
from codemods.passes.async_session.rewrite.constructors import edit_constructor, make_waiting
from codemods.passes.async_session.rewrite.inspection import inspect_within
from codemods.passes.async_session.rewrite.mixed import await_if_needed
from codemods.passes.async_session.rewrite.unittests import run_hook
from codemods.passes.async_session.sessions.sites import AWAIT, BRIDGE, CREATE, DDL, ENTER, Site
from codemods.passes.async_session.sessions.streams import stream
from codemods.plan.climb import AwaitedCall, is_main_block
from codemods.plan.constructors import is_constructor
from codemods.plan.draft import Draft, function_origin
from codemods.plan.managers import ASYNC_NAMES, is_manager
from codemods.plan.places import materialise, thread
from codemods.plan.stubs import stands_for_generator

#: Return annotations of generators and their async form.
ASYNC_GENERICS = {
    known.GENERATOR: "AsyncGenerator",
    "collections.abc.Iterator": "AsyncIterator",
    "collections.abc.Iterable": "AsyncIterable",
}


def edit_functions(analysis: Analysis, draft: Draft) -> None:
    """Write the edits of every function that becomes async, and of every site and call in it."""
    for function in analysis.colours.asynchronous:
        _function(analysis, draft, function)
        _object_session(analysis, draft, function)
        edit_binds(analysis.program, draft, function)
    for site in analysis.sites:
        if analysis.flips(site):
            _site(analysis, draft, site)
    for awaited in analysis.colours.calls:
        _call(analysis, draft, awaited)
    for bridge in {bridge.call: bridge for bridge in analysis.bridges}.values():
        _bridge(analysis, draft, bridge)
    edit_validations(
        analysis.program, analysis.validations, analysis.colours, analysis.awaited, draft
    )
    await_in_order(analysis.program, analysis.colours, draft)


def _function(analysis: Analysis, draft: Draft, function: Function) -> None:
    if function.is_async:
        return
    module, definition = function.module, function.definition
    if function in analysis.entries:
        return
    if is_hook(analysis.program, function):
        run_hook(draft, function)
        return
    if stands_for_generator(analysis.program, function):
        if definition.returns is not None:
            _generator_annotation(analysis, draft, definition.returns, module)
        return
    draft.edit(module, definition, MakeAsync())
    if is_manager(function):
        draft.edit(module, definition, Rename(ASYNC_NAMES[function.name]))
    if is_constructor(function):
        edit_constructor(analysis, draft, function)
    if function.is_generator and definition.returns is not None:
        _generator_annotation(analysis, draft, definition.returns, module)
    _delegations(analysis, draft, function)
    edit_cached(analysis.program, draft, function)
    for decorator in definition.decorator_list:
        if analysis.program.outside_name(decorator, module) == known.MANAGER:
            _manage(draft, decorator, module)
    for reference in analysis.program.calls.references(function):
        call = managed_by(analysis.program, reference.node, reference.module)
        if call is not None:
            _manage(draft, call.func, reference.module)


def _manage(draft: Draft, manager: ast.expr, module: Module) -> None:
    """``contextmanager`` becomes ``asynccontextmanager``."""
    draft.edit(module, manager, Rename("asynccontextmanager"))
    if isinstance(manager, ast.Name):
        draft.add_import(module, "contextlib", "asynccontextmanager")
        draft.drop_import(module, "contextlib", "contextmanager")


def _object_session(analysis: Analysis, draft: Draft, function: Function) -> None:
    """``object_session`` gives the sync session, within an async one too."""
    module = function.module
    for call in module.syntax.calls.get("object_session", ()):
        name = analysis.program.outside_name(call.func, module)
        if name == "sqlalchemy.orm.object_session" and module.function_around(call) is function:
            draft.edit(module, call, Rewrite("async_object_session({args})"))
            draft.add_import(module, "sqlalchemy.ext.asyncio", "async_object_session")
            draft.drop_import(module, "sqlalchemy.orm", "object_session")


def _delegations(analysis: Analysis, draft: Draft, function: Function) -> None:
    """``yield from`` has no async form: a loop yields what it yielded."""
    for delegation in function.yields:
        if not isinstance(delegation, ast.YieldFrom):
            continue
        module = function.module
        statement = module.statement(delegation)
        targets = (
            analysis.program.called_functions(delegation.value, module)
            if isinstance(delegation.value, ast.Call)
            else []
        )
        loop = "for"
        if any(t.is_generator and analysis.is_async(t) for t in targets):
            loop = "async for"
        draft.edit(module, delegation, Rewrite("{value}"))
        draft.edit(
            module, statement, ReplaceStatement(f"{loop} item in {{value}}:\n    yield item")
        )


def _generator_annotation(
    analysis: Analysis, draft: Draft, returns: ast.expr, module: Module
) -> None:
    base = returns.value if isinstance(returns, ast.Subscript) else returns
    name = known.canonical(analysis.program.outside_name(base, module))
    asynchronous = ASYNC_GENERICS.get(name)
    if asynchronous is None:
        return
    draft.edit(module, base, Rename(asynchronous))
    if isinstance(base, ast.Name):
        source = imported_from(base.id, module) or "collections.abc"
        draft.add_import(module, source, asynchronous)
        draft.drop_import(module, source, base.id)
    if (
        isinstance(returns, ast.Subscript)
        and isinstance(returns.slice, ast.Tuple)
        and len(returns.slice.elts) == 3
        and name == known.GENERATOR
    ):
        # An async generator returns nothing: Generator[Y, S, R] is AsyncGenerator[Y, S].
        first, second = (module.source(e) for e in returns.slice.elts[:2])
        changed = session_annotation_text(analysis, returns.slice.elts[0], module) or first
        prefix = module.source(base).rpartition(".")[0]
        whole = f"{prefix + '.' if prefix else ''}{asynchronous}[{changed}, {second}]"
        draft.edit(module, _definition_of(returns, module), SetReturns(whole))


def _definition_of(returns: ast.expr, module: Module) -> ast.AST:
    parent = module.parent(returns)
    assert parent is not None
    return parent


def session_annotation_text(analysis: Analysis, node: ast.expr, module: Module) -> str:
    """The async form of an annotation that is just a session class, or ""."""
    for value in analysis.program.infer(node, module):
        if isinstance(value, External) and analysis.program.is_subclass(value.name, known.SESSION):
            return "AsyncSession"
    return ""


def imported_from(name: str, module: Module) -> str:
    """The module that ``name`` was imported from, at module level."""
    for binding in module.scope.bindings.get(name, ()):
        if binding.kind == "from":
            statement = module.parent(binding.node)
            if isinstance(statement, ast.ImportFrom) and statement.module:
                return statement.module
    return ""


# -- sites -----------------------------------------------------------------------------------


def _site(analysis: Analysis, draft: Draft, site: Site) -> None:
    module, node = site.module, site.node
    assert isinstance(node, ast.Call)
    match site.kind:
        case "await":
            if site.method == "close" and (registry := _registry_of(analysis, node, module)):
                # A registry of tasks keeps what it gave, the task's whole life and beyond.
                draft.edit(module, node, Rewrite(f"{registry}.remove()"))
            await_call(analysis, draft, node, module)
        case "stream":
            stream(analysis.program, draft, node, module)
        case "enter" | "create":
            item = module.parent(node)
            if isinstance(item, ast.withitem):
                _enter(analysis, draft, item, module)
            elif site.kind == ENTER:
                await_call(analysis, draft, node, module)
        case "ddl":
            _ddl(analysis.program, draft, node, module, site.owner)
        case "inspect":
            inspect_within(analysis, draft, node, module)
        case "bridge":
            _bridge_site(draft, node, module)


def _registry_of(analysis: Analysis, call: ast.Call, module: Module) -> str:
    """The ``scoped_session`` that gave the session which a call closes: ``db = registry()``."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=name) as receiver):
            holder = module.scope_of(receiver).lookup(name)
            values = [b.value for b in holder.bindings[name]] if holder is not None else []
            match values:
                case [ast.Call(func=registry)] if analysis.program.is_a(
                    registry, module, known.SCOPED_SESSION
                ):
                    return module.source(registry)
    return ""


def await_call(analysis: Analysis, draft: Draft, call: ast.expr, module: Module) -> None:
    """Put an await before a call or read; a generator expression around it becomes a list."""
    if isinstance(module.parent(call), ast.Await):
        return
    draft.edit(module, call, Await())
    materialise(analysis.program, draft, call, module)


def _enter(analysis: Analysis, draft: Draft, item: ast.withitem, module: Module) -> None:
    """``with`` becomes ``async with``; what stays sync is entered by a ``with`` of its own."""
    statement = module.parent(item)
    if not isinstance(statement, ast.With):
        return
    kinds = [other.context_expr in analysis.items for other in statement.items]
    if all(kinds):
        draft.edit(module, statement, MakeAsync())
        return
    lines: list[str] = []
    for asynchronous, run in groupby(range(len(kinds)), key=kinds.__getitem__):
        parts = [_item(statement.items[index], index, module) for index in run]
        word = "async with" if asynchronous else "with"
        lines.append(f"{'    ' * len(lines)}{word} {', '.join(parts)}:")
    lines.append(f"{'    ' * len(lines)}{{body}}")
    draft.edit(module, statement, ReplaceStatement("\n".join(lines)))


def _item(item: ast.withitem, index: int, module: Module) -> str:
    if item.optional_vars is None:
        return f"{{{index}}}"
    return f"{{{index}}} as {module.source(item.optional_vars)}"


def _ddl(program: Program, draft: Draft, call: ast.Call, module: Module, owner: str) -> None:
    """``metadata.create_all(engine)`` runs within ``run_sync`` of a connection."""
    target, run = _ddl_holes(module, call)
    if owner != known.ENGINE:
        draft.edit(module, call, Rewrite(f"await ({target}).run_sync({run})"))
        return
    statement = module.statement(call)
    enter = f"async with {target}.begin() as connection:\n    "
    if isinstance(statement, ast.Expr) and statement.value is call:
        draft.edit(module, statement, ReplaceStatement(f"{enter}await connection.run_sync({run})"))
        return
    bind, _ = _bind_argument(call)
    enter = f"async with {engine_source(program, bind, module)}.begin() as connection:\n    "
    draft.edit(module, call, Rewrite(f"await connection.run_sync({run})"))
    draft.edit(module, statement, ReplaceStatement(f"{enter}{{self}}"))


def _ddl_holes(module: Module, call: ast.Call) -> tuple[str, str]:
    """The same as ``ddl_call``, with holes for what is edited itself."""
    bind, (positional, keywords) = _bind_argument(call)
    target = "{0}" if bind in call.args else "{bind=}"
    parts = [module.source(call.func), *(f"{{{call.args.index(a)}}}" for a in positional)]
    parts += [f"{k.arg}={{{k.arg}=}}" for k in keywords]
    return target, ", ".join(parts)


def ddl_call(module: Module, call: ast.Call) -> tuple[str, str]:
    """What DDL is bound to, and the arguments that ``run_sync`` of a connection needs for it."""
    bind, (positional, keywords) = _bind_argument(call)
    parts = [module.source(call.func), *(module.source(a) for a in positional)]
    parts += [f"{k.arg}={module.source(k.value)}" for k in keywords]
    return module.source(bind), ", ".join(parts)


def _bind_argument(call: ast.Call) -> tuple[ast.expr, tuple[list[ast.expr], list[ast.keyword]]]:
    for keyword in call.keywords:
        if keyword.arg == "bind":
            others = [k for k in call.keywords if k is not keyword]
            return keyword.value, (list(call.args), others)
    return call.args[0], (call.args[1:], call.keywords)


def _bridge_site(draft: Draft, call: ast.Call, module: Module) -> None:
    """What only a sync session has runs within ``run_sync``, the whole chain of calls at once."""
    assert isinstance(call.func, ast.Attribute)
    top = chain_top(call, module)
    receiver = module.source(call.func.value)
    draft.edit(module, call.func.value, Rewrite("session"))
    draft.edit(module, top, Rewrite(f"{receiver}.run_sync(lambda session: {{self}})"))
    draft.edit(module, top, Await())


# -- calls -----------------------------------------------------------------------------------


def _call(analysis: Analysis, draft: Draft, awaited: AwaitedCall) -> None:
    call, module, callee = awaited.call, awaited.module, awaited.callee
    if awaited.caller is None:
        if is_main_block(call, module) or analysis.program.web.in_tests(module):
            with draft.because(function_origin(callee)):
                draft.add_import(module, "asyncio")
                draft.edit(module, call, Rewrite("asyncio.run({self})"))
        return
    parent = module.parent(call)
    if isinstance(parent, ast.Await) or call in analysis.run_as_they_are:
        return
    if stands_for_generator(analysis.program, callee):
        return  # the call is that of a generator as well
    if is_manager(callee):
        if isinstance(parent, ast.withitem):
            _enter(analysis, draft, parent, module)
            return
        assert isinstance(call, ast.Call)
        draft.edit(module, call.func, Rename(ASYNC_NAMES[callee.name]))
    if is_constructor(callee):
        assert isinstance(call, ast.Call)
        make_waiting(analysis, draft, awaited.callee, call, module)
    if isinstance(call, ast.Call) and call in analysis.colours.climb.mixed:
        await_if_needed(draft, call, module)
        return
    if not callee.is_generator or not isinstance(call, ast.Call):
        await_call(analysis, draft, call, module)
        return
    _consume(analysis, draft, awaited, call)


def _consume(analysis: Analysis, draft: Draft, awaited: AwaitedCall, call: ast.Call) -> None:
    """The async form of whatever takes the items of an async generator."""
    module = awaited.module
    parent = module.parent(call)
    match consumer(analysis.program, awaited.callee, call, module), parent:
        case Consumer.WITH, ast.withitem():
            _enter(analysis, draft, parent, module)
        case Consumer.FOR, ast.For():
            draft.edit(module, parent, MakeAsync())
        case Consumer.COMPREHENSION, ast.comprehension():
            holder = module.parent(parent)
            assert isinstance(holder, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
            draft.edit(module, holder, MakeAsync(holder.generators.index(parent)))
            if isinstance(holder, ast.GeneratorExp):
                draft.edit(module, holder, MakeList())
            materialise(analysis.program, draft, holder, module)
        case Consumer.LIST, ast.Call():
            draft.edit(module, parent, Rewrite("[item async for item in {0}]"))
            materialise(analysis.program, draft, call, module)
        case Consumer.ALL, _:
            draft.edit(module, call, Rewrite("[item async for item in {self}]"))
            materialise(analysis.program, draft, call, module)
        case Consumer.NEXT, ast.Call():
            draft.edit(module, parent.func, Rewrite("anext"))
            await_call(analysis, draft, parent, module)


def _bridge(analysis: Analysis, draft: Draft, bridge: Bridge) -> None:
    """``helper(db, x)`` becomes ``await db.run_sync(helper, x)``."""
    call, module = bridge.call, bridge.module
    if bridge.session is None:
        thread(draft, call, module)
        materialise(analysis.program, draft, call, module)
        return
    session = module.source(bridge.session)
    if not bridge.is_given:
        draft.edit(module, call, Rewrite(f"{session}.run_sync(lambda _: {{self}})"))
    elif bridge.in_lambda:
        draft.edit(module, bridge.session, Rewrite("session"))
        draft.edit(module, call, Rewrite(f"{session}.run_sync(lambda session: {{self}})"))
    else:
        rest = ", {rest}" if len(call.args) + len(call.keywords) > 1 else ""
        draft.edit(module, call, Rewrite(f"{session}.run_sync({{func}}{rest})"))
    await_call(analysis, draft, call, module)


__all__ = ["AWAIT", "BRIDGE", "CREATE", "DDL", "edit_functions", "imported_from"]
