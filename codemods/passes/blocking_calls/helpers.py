"""Sync helpers that become async: their callers are on the loop, and wait for them there.

One call in a thread does for a sync function what many awaits would. But where all that blocks in
it waits on the loop just as well (a pause, a request, a process), no thread is needed: the function
becomes ``async def``, and whoever calls it awaits it. Files and paths wait in threads in either
form, so they alone are no reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from codemods.facts import Program
from codemods.facts.calls import Reference
from codemods.facts.migrations import is_migration
from codemods.facts.syntax import Function
from codemods.passes.blocking_calls.sites import Sites, own_calls
from codemods.plan.places import place_obstacle
from codemods.plan.surroundings import fits

_PLAIN_DECORATORS = frozenset(("builtins.staticmethod", "builtins.classmethod"))


def candidates(program: Program, sites: Sites) -> frozenset[Function]:
    """The helpers below the event loop that nothing else calls."""
    found: set[Function] = set()
    waiting = [helper for site in sites.all for helper in site.helpers]
    while waiting:
        function = waiting.pop()
        if (
            function in found
            or sites.reached(function) is None
            or not _may_change(program, function)
        ):
            continue
        found.add(function)
        for call in own_calls(function):
            waiting.extend(program.called_functions(call, function.module))
    return called_from_the_loop(program, found)


def called_from_the_loop(program: Program, functions: Iterable[Function]) -> frozenset[Function]:
    """Those of some functions that only ``async def`` functions and each other call."""
    kept = set(functions)
    while True:
        stuck = {
            function
            for function in kept
            if not all(
                _is_awaitable(program, reference, kept)
                for reference in program.calls.references(function)
            )
        }
        if not stuck:
            return frozenset(kept)
        kept -= stuck


def _may_change(program: Program, function: Function) -> bool:
    """Whether a function could be ``async def``, whoever calls it."""
    module = function.module
    return not (
        function.is_async
        or function.is_generator
        or isinstance(function.parent, Function)
        or (function.name.startswith("__") and function.name.endswith("__"))
        or program.web.in_tests(module)
        or is_migration(module)
        or not program.codebase.editable(module.path)
        or any(name not in _PLAIN_DECORATORS for name in program.decorators(function))
        or len(program.calls.family(function)) > 1
        or _is_named_by_tests(program, function)
        or any(
            reference.call is None or fits(reference.call, function)
            for reference in program.calls.unresolved(function)
        )
    )


def _is_named_by_tests(program: Program, function: Function) -> bool:
    """Whether a test calls a function, or replaces it by name."""
    return any(
        program.web.in_tests(module) and function.name in module.file.text
        for module in program.modules
    )


def _is_awaitable(program: Program, reference: Reference, others: set[Function]) -> bool:
    """Whether a reference is a call that can be awaited where it stands."""
    call, module = reference.call, reference.module
    if call is None or not program.codebase.editable(module.path):
        return False
    caller = module.function_of(call)
    return (
        caller is not None
        and (caller.is_async or caller in others)
        and not place_obstacle(program, call, module)
    )
