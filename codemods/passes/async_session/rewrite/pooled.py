"""``async def`` path operations that stay sync and only block: as ``def`` they get a thread.

FastAPI runs a ``def`` path operation or dependency in its pool of threads. Where the session has to
stay sync, that is what keeps the event loop free. Only functions that wait for nothing, touch no
event loop and are called by FastAPI alone change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.drivers import in_memory
from codemods.edits.actions import MakeSync
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External
from codemods.passes.async_session.colour.analysis import Analysis, registers
from codemods.plan.draft import Draft

_LOOPS = ("asyncio", "anyio", "trio", "contextvars", "uvloop", "threading")


def edit_pooled(analysis: Analysis, draft: Draft) -> list[Function]:
    """Turn what only blocks the loop into ``def``; gives the functions that changed."""
    found = list(pooled(analysis))
    for function in found:
        draft.edit(function.module, function.definition, MakeSync())
    return found


def pooled(analysis: Analysis) -> Iterator[Function]:
    """The functions that block the loop, wait for nothing, and that FastAPI alone calls."""
    program = analysis.program
    if _one_thread(program):
        return
    given = program.web.depended
    for function in dict.fromkeys((*program.web.routes, *given)):
        if not function.is_async or program.web.in_tests(function.module):
            continue
        if function in analysis.colours.asynchronous or not _blocks(analysis, function, set()):
            continue
        if function in analysis.single or any(
            given in analysis.single for given in program.web.dependencies(function)
        ):
            continue
        methods = {route.method for route in program.web.routes.get(function, ())}
        if any("websocket" in method for method in methods):
            continue
        if _plain(program, function) and _only_registered(program, function):
            yield function


def _blocks(analysis: Analysis, function: Function, seen: set[Function]) -> bool:
    """Whether a function, or what it is given by its dependencies, has a session that is sync.

    What a dependency gives may wait in a property, an operator or an iteration.
    """
    if function in seen:
        return False
    seen.add(function)
    return function in analysis.colours.sync or any(
        _blocks(analysis, given, seen) for given in analysis.program.web.asked(function)
    )


def _plain(program: Program, function: Function) -> bool:
    """Whether a function means the same in a thread: it neither waits nor touches the loop."""
    module = function.module
    for statement in function.definition.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith | ast.AsyncFunctionDef):
                return False
            if isinstance(node, ast.comprehension) and node.is_async:
                return False
            if isinstance(node, ast.Yield | ast.YieldFrom) and not function.is_generator:
                return False
            if isinstance(node, ast.Call) and any(
                callee.is_async for callee in program.called_functions(node, module)
            ):
                return False
            if isinstance(node, ast.Name | ast.Attribute) and _of_a_loop(program, node, module):
                return False
    # Without an await an async generator is one for FastAPI only.
    return not (function.is_generator and any(s.value is not None for s in function.returns))


def _of_a_loop(program: Program, node: ast.expr, module: Module) -> bool:
    return any(
        isinstance(value, External) and value.name.partition(".")[0] in _LOOPS
        for value in program.infer(node, module)
    )


def _only_registered(program: Program, function: Function) -> bool:
    """Whether nobody but FastAPI gets the function: no other call, no decorator around it."""
    if function.is_method or program.calls.unresolved(function):
        return False
    for decorator in function.definition.decorator_list:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            return False
        if not program.web.is_application(decorator.func.value, function.module):
            return False
    return all(registers(program, reference) for reference in program.calls.references(function))


def _one_thread(program: Program) -> bool:
    """Whether a database may live in one thread: SQLite in memory, by default."""
    for module in program.modules.mentioning(("create_engine",)):
        if program.web.in_tests(module):
            continue
        for node in module.syntax.parents:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if text.startswith("sqlite") and "://" in text and in_memory(text):
                    return True
    return False
