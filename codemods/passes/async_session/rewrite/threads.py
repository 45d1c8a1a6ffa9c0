"""A function that leaves its thread: what it calls must not block the loop now.

``def`` path operations and dependencies ran in a pool of threads. Once they are ``async def``,
a known blocking call in them, or in a function that they call, gets a thread of its own.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts.blocking import Blocking
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.plan.draft import Draft
from codemods.plan.places import thread


@dataclass(frozen=True)
class Blocked:
    """A blocking call in a function that is on the loop after the flip."""

    call: ast.Call
    module: Module
    function: Function
    reason: str
    threaded: bool


def edit_threads(analysis: Analysis, draft: Draft) -> list[Blocked]:
    """Give a thread to every blocking call of a function that becomes async."""
    program = analysis.program
    blocking = Blocking(program)
    found: list[Blocked] = []
    for function in analysis.colours.asynchronous:
        if function.is_async or program.web.in_tests(function.module):
            continue
        module = function.module
        for node in function.nodes:
            if not isinstance(node, ast.Call) or module.function_of(node) is not function:
                continue
            callees = program.called_functions(node, module)
            if any(callee in analysis.colours.asynchronous for callee in callees):
                continue
            reason = blocking.reason(node, module)
            if not reason:
                continue
            threaded = _thread(draft, node, module)
            found.append(Blocked(node, module, function, reason, threaded))
    return found


def _thread(draft: Draft, call: ast.Call, module: Module) -> bool:
    """``verify(a, b)`` becomes ``await run_in_threadpool(verify, a, b)``."""
    for parent in module.ancestors(call):
        if isinstance(parent, ast.Lambda | ast.GeneratorExp):
            return False
        if isinstance(parent, ast.stmt):
            break
    thread(draft, call, module)
    return True
