"""The body of a command goes on an event loop of its own: an inner function, ``asyncio.run``."""

from __future__ import annotations

import ast

from codemods.edits.actions import ReplaceStatement, Rewrite, WrapRest
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.colour.own_loops import OwnLoop, parameters_bound
from codemods.plan.draft import Draft, function_origin
from codemods.plan.generated import import_name
from codemods.plan.places import thread

#: The names that the inner function may have; the first that is free.
_NAMES = ("run", "work", "on_own_loop")
#: Methods of a task that may run it where they are called.
_SENDING = frozenset(("apply", "apply_async", "call_local", "delay", "run", "send"))
#: Test clients of command-line libraries: they call commands, on the thread that they are on.
_RUNNERS = ("typer.testing.CliRunner.invoke", "click.testing.CliRunner.invoke")


def edit_own_loops(analysis: Analysis, draft: Draft) -> None:
    """Give every entry that waits its event loop, and a thread to async tests that call it."""
    for own in analysis.own_loops:
        with draft.because(function_origin(own.entry.function)):
            _wrap(analysis, draft, own)
        for reference in analysis.program.calls.references(own.entry.function):
            call, module = reference.call or _sent(reference), reference.module
            if call is not None and _is_on_loop(analysis, module.function_of(call)):
                thread(draft, call, module)
    if analysis.own_loops:
        _invocations(analysis, draft)


def _sent(reference: Reference) -> ast.Call | None:
    """The call in a test that may run a task where it stands: ``remind.apply(args=["ann"])``."""
    attribute = reference.module.parent(reference.node)
    call = reference.module.parent(attribute) if isinstance(attribute, ast.Attribute) else None
    if not isinstance(call, ast.Call) or not isinstance(attribute, ast.Attribute):
        return None
    return call if attribute.attr in _SENDING and call.func is attribute else None


def _invocations(analysis: Analysis, draft: Draft) -> None:
    program = analysis.program
    for module in program.modules.mentioning(("CliRunner",)):
        for call in module.syntax.calls.get("invoke", ()):
            name = program.outside_name(call.func, module)
            if name in _RUNNERS and _is_on_loop(analysis, module.function_of(call)):
                thread(draft, call, module)


def _is_on_loop(analysis: Analysis, function: Function | None) -> bool:
    return function is not None and (function.is_async or analysis.is_coroutine(function))


def _wrap(analysis: Analysis, draft: Draft, own: OwnLoop) -> None:
    function = own.entry.function
    module, definition = function.module, function.definition
    draft.add_import(module, "asyncio")
    if own.call is not None:
        draft.edit(module, own.call, Rewrite("asyncio.run({self})"))
        return
    used = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}
    used |= set(function.bindings)
    name = next(name for name in (*_NAMES, f"run_{function.name}") if name not in used)
    arguments = parameters_bound(own)
    given = ", ".join(argument.arg for argument in arguments)
    taken = ", ".join(module.source(argument) for argument in arguments)
    hole = "{self}" if own.alone else "{body}"
    lines = [f"async def {name}({taken}){_returns(own, module)}:"]
    if own.engines:
        closing = [
            f"await {_engine(analysis, draft, function, one)}.dispose()" for one in own.engines
        ]
        lines += ["    try:", f"        {hole}", "    finally:"]
        lines += [f"        {line}" for line in closing]
    else:
        lines += [f"    {hole}"]
    word = "return " if _gives(own) else ""
    lines.append(f"{word}asyncio.run({name}({given}))")
    template = "\n".join(lines)
    first = own.statements[0]
    draft.edit(module, first, ReplaceStatement(template) if own.alone else WrapRest(template))


def _gives(own: OwnLoop) -> bool:
    """Whether the part returns a value."""
    parts = {id(node) for statement in own.statements for node in ast.walk(statement)}
    returns = own.entry.function.returns
    return any(id(one) in parts and one.value is not None for one in returns)


def _returns(own: OwnLoop, module: Module) -> str:
    written = own.entry.function.definition.returns
    if written is None:
        return ""
    return f" -> {module.source(written)}" if _gives(own) else " -> None"


def _engine(
    analysis: Analysis, draft: Draft, function: Function, engine: tuple[Module, str]
) -> str:
    """The name of an engine in the module of an entry; it is imported where it has none."""
    (home, name), module = engine, function.module
    for known in dict.fromkeys((name, *module.scope.bindings)):
        if known not in function.bindings and (
            analysis.program.home_of(module.scope, known) == (home.scope, name)
        ):
            return known
    taken = name in module.scope.bindings or name in function.bindings
    alias = f"{name}_of_{home.path.rpartition('/')[2].removesuffix('.py')}" if taken else ""
    return draft.add_import(module, import_name(analysis.program, module, home.path), name, alias)
