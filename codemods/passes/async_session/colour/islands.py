"""Functions that only scripts (and tests of those) reach: they go on with a sync engine.

A command that waits for the database to come up, a worker that nothing else calls: no event loop
is theirs, and a sync engine kept beside the async one touches less than a loop for each of them.
What a script shares with the application is converted with the application.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from codemods.drivers import in_memory
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.syntax import Function
from codemods.passes.async_session.sessions.origins import has_holder
from codemods.passes.async_session.sessions.sites import CREATE, Site
from codemods.plan.climb import Cause
from codemods.plan.colours import Colouring

_REASON = "is reached by scripts only, which go on with the sync engine"


def islands(
    program: Program,
    sites: list[Site],
    colours: Colouring,
    entry: Callable[[Function], bool] = lambda function: False,
) -> dict[Function, Cause]:
    """The functions that stay sync because nothing of the application calls them.

    An ``entry`` is called by a library, and never on the loop of the application.
    """
    if has_memory_database(program):
        return {}
    callees: dict[Function, set[Function]] = {}
    for function in colours.asynchronous:
        for call in colours.callers_of(function):
            if call.caller is not None:
                callees.setdefault(call.caller, set()).add(function)
    bound = {s.function for s in sites if s.kind == CREATE and not has_holder(program, s)}
    alone = {f for f in colours.asynchronous if _candidate(program, f) and f not in bound}
    roots = {f for f in colours.asynchronous if not entry(f) and _on_loop(program, f)}
    alone -= _reached(colours, roots, callees)
    changed = True
    while changed:
        stuck = {f for f in alone if not callees.get(f, set()) <= alone}
        stuck |= {f for f in alone if _given_by_others(program, colours, f, alone)}
        # What goes on a loop of its own waits for all that it calls.
        waiting = {f for f in colours.asynchronous if entry(f) and f not in alone - stuck}
        stuck |= alone & _reached(colours, waiting, callees)
        alone -= stuck
        changed = bool(stuck)
    found = {function: Cause(_REASON) for function in alone}
    return found | {
        test: Cause("tests what only scripts reach")
        for test in colours.asynchronous
        if _tests_only(program, colours, test, callees.get(test, set()), alone)
    }


def _tests_only(
    program: Program,
    colours: Colouring,
    test: Function,
    called: set[Function],
    alone: set[Function],
) -> bool:
    """Whether a sync test waits for functions of scripts alone: it can go on calling them."""
    if test.is_async or not program.web.is_test(test) or test in colours.climb.waiting:
        return False
    asked = (program.web.fixture(test, argument.arg) for argument in test.parameters)
    return bool(called) and called <= alone and not any(f in colours.asynchronous for f in asked)


def _candidate(program: Program, function: Function) -> bool:
    return not (
        function.is_async
        or function.is_method
        or program.web.in_tests(function.module)
        or _waits_for_a_caller(program, function)
    )


def _waits_for_a_caller(program: Program, function: Function) -> bool:
    """Whether nothing calls a function, and who will has to hand it a session.

    No script can start it as it is: it belongs to the application that will call it one day.
    """
    return not program.calls.references(function) and any(
        program.instances(program.parameter(function, argument), known.SESSION)
        for argument in function.parameters
    )


def _on_loop(program: Program, function: Function) -> bool:
    """Whether the application itself calls a function: a route, a dependency, a task, a handler."""
    if function.is_async or function in program.web.routes or _registered(program, function):
        return True
    if program.web.is_pytest(function):
        return False
    return any(
        reference.call is None and not _is_test(program, reference)
        for reference in program.calls.references(function)
    )


def _registered(program: Program, function: Function) -> bool:
    """Whether a decorator of the application takes it: a handler, an event, a middleware."""
    for decorator in function.definition.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Attribute) and program.web.is_application(
            called.value, function.module
        ):
            return True
    return False


def _is_test(program: Program, reference: Reference) -> bool:
    return program.web.in_tests(reference.module)


def _reached(
    colours: Colouring, roots: Iterable[Function], callees: dict[Function, set[Function]]
) -> set[Function]:
    """Everything that waits and that one of the roots calls, directly or not."""
    found: set[Function] = set()
    waiting = list(roots)
    while waiting:
        function = waiting.pop()
        if function in found:
            continue
        found.add(function)
        waiting.extend(callees.get(function, ()))
    return found


def _given_by_others(
    program: Program, colours: Colouring, function: Function, alone: set[Function]
) -> bool:
    """Whether something outside of the island hands the function a session."""
    for call in colours.callers_of(function):
        if call.caller is None or call.caller in alone:
            continue
        if not isinstance(call.call, ast.Call):
            continue
        arguments = (*call.call.args, *(k.value for k in call.call.keywords))
        if any(program.is_a(a, call.module, known.SESSION) for a in arguments):
            return True
    return False


def has_memory_database(program: Program) -> bool:
    """Whether a database lives in memory, where a second engine would see another one."""
    for module in program.modules.mentioning(("create_engine",)):
        if program.web.in_tests(module):
            continue
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.startswith("sqlite")
                and in_memory(node.value)
            ):
                return True
    return False
