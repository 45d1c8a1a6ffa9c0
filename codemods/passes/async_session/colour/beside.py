"""Coroutines that were started side by side, and share a session.

While nothing in them waited they ran one after the other, whatever ``gather`` said. An async
session is for one at a time: so they are awaited in their order, or stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import FunctionValue, Instance
from codemods.plan.climb import Cause
from codemods.plan.colours import Colouring
from codemods.plan.draft import Draft

#: What awaits one coroutine, and goes on when it is done.
_ALONE = ("asyncio.wait_for", "asyncio.shield", "anyio.move_on_after")


def started(program: Program, colours: Colouring) -> Iterator[tuple[ast.Call, Module, Function]]:
    """The calls of coroutine functions that use a session from outside and are not awaited."""
    for function in colours.asynchronous:
        if not function.is_async or function.is_generator or program.web.in_tests(function.module):
            continue
        for reference in program.calls.references(function):
            call, module = reference.call, reference.module
            if call is None or program.web.in_tests(module) or _waits_alone(program, call, module):
                continue
            if _is_given_session(program, call, module) and not _is_only_one(program, call, module):
                yield call, module, function


def _waits_alone(program: Program, call: ast.Call, module: Module) -> bool:
    match module.parent(call):
        case ast.Await() | ast.Return() | ast.Assign() | ast.Lambda():
            return True
        case ast.Call(func=called):
            return program.outside_name(called, module) in _ALONE
    return False


def _is_only_one(program: Program, call: ast.Call, module: Module) -> bool:
    """Whether ``gather`` runs a coroutine beside others that have nothing to do with a session."""
    gather = _gather(program, call, module)
    return gather is not None and not any(
        isinstance(other, ast.Starred)
        or (
            other is not call
            and isinstance(other, ast.Call)
            and _is_given_session(program, other, module)
        )
        for other in gather.args
    )


def _gather(program: Program, call: ast.Call, module: Module) -> ast.Call | None:
    gather = module.parent(call)
    if (
        isinstance(gather, ast.Call)
        and program.outside_name(gather.func, module) == "asyncio.gather"
    ):
        return gather
    return None


def _is_given_session(program: Program, call: ast.Call, module: Module) -> bool:
    """Whether an argument, or the object whose method is called, has a session."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if isinstance(call.func, ast.Attribute):
        given.append(call.func.value)
    return any(_has_session(program, node, module) for node in given)


def _has_session(program: Program, node: ast.expr, module: Module) -> bool:
    if program.is_a(node, module, known.SESSION):
        return True
    for value in program.infer(node, module):
        if isinstance(value, Instance) and isinstance(value.cls, Class):
            names = {
                name
                for cls in program.mro(value.cls)
                if isinstance(cls, Class)
                for name in (*cls.attributes, *cls.bindings)
            }
            for name in names:
                held = program.inference.instance_attribute(value, name)
                if program.instances(held, known.SESSION):
                    return True
    return False


def gathered(program: Program, call: ast.Call, module: Module) -> ast.Call | None:
    """The ``gather`` that awaits a coroutine with others, where all of them stand in its call."""
    gather = _gather(program, call, module)
    if gather is None or gather.keywords or not isinstance(module.parent(gather), ast.Await):
        return None
    for argument in gather.args:
        if not isinstance(argument, ast.Call) or not _is_given_session(program, argument, module):
            return None
        values = program.infer(argument.func, module)
        if not values or not all(
            isinstance(v, FunctionValue) and v.function.is_async for v in values
        ):
            return None
    return gather


def sharing(program: Program, colours: Colouring) -> dict[Function, Cause]:
    """The coroutine functions that stay as they are, since they run beside others."""
    return {
        function: Cause(f"runs beside others with the same session in {module.path}:{call.lineno}")
        for call, module, function in started(program, colours)
        if gathered(program, call, module) is None
    }


def await_in_order(program: Program, colours: Colouring, draft: Draft) -> None:
    """``await gather(a(db), b(db))`` becomes ``[await a(db), await b(db)]``."""
    done: set[ast.Call] = set()
    for call, module, _ in started(program, colours):
        gather = gathered(program, call, module)
        if gather is None or gather in done:
            continue
        done.add(gather)
        parts = ", ".join(f"await {{{index}}}" for index in range(len(gather.args)))
        outer = module.parent(gather)
        assert isinstance(outer, ast.Await)
        draft.edit(module, outer, Rewrite("{value}"))
        draft.edit(module, gather, Rewrite(f"[{parts}]"))
