"""What blocks in a function that leaves its thread gets one of its own, or is awaited."""

from __future__ import annotations

import ast

from codemods.edits.actions import Await, Rewrite
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.colour.threads import Blocked, Way
from codemods.plan.draft import Draft
from codemods.plan.places import materialise, thread, thread_of, thread_steps
from codemods.plan.sleeps import sleep


def edit_threads(analysis: Analysis, draft: Draft) -> None:
    """Free the event loop of what the functions do that are on it now."""
    program = analysis.program
    bridged = {bridge.call for bridge in analysis.bridges}
    for function in analysis.colours.asynchronous:
        in_tests = program.web.in_tests(function.module)
        for one in analysis.leaving.blocked(function, analysis.colours):
            # Tests have a loop of their own, which nothing else waits for.
            if one.call not in bridged and (one.way is Way.AWAIT or not in_tests):
                _edit(analysis, draft, one)


def _edit(analysis: Analysis, draft: Draft, one: Blocked) -> None:
    call, module = one.call, one.module
    match one.way:
        case Way.THREAD if isinstance(call, ast.Call):
            thread(draft, call, module)
            materialise(analysis.program, draft, call, module)
        case Way.SLEEP if isinstance(call, ast.Call):
            sleep(draft, call, module)
            materialise(analysis.program, draft, call, module)
        case Way.WHOLE if isinstance(call, ast.Call) and one.whole is not None:
            thread_of(draft, one.whole, call, module)
        case Way.STEPS:
            thread_steps(draft, call, module)
        case Way.AWAIT:
            draft.edit(module, call, Rewrite("{0}"))
            draft.edit(module, call, Await())
            draft.drop_import(module, "asyncio")
