"""What a middleware waits for with good reason: before ``call_next``, or because it needs it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codemods.facts.walk import own_nodes
from codemods.findings import Finding, Level, Treatment
from codemods.passes.middleware_tasks import codes
from codemods.passes.middleware_tasks.work import Work
from codemods.plan.middleware import Middleware


@dataclass(frozen=True)
class Needed:
    """An ``await`` that stays, and the reason."""

    middleware: Middleware
    node: ast.Await
    reason: str

    def finding(self) -> Finding:
        """What is said of it."""
        module, value = self.middleware.module, self.node.value
        key = module.key(self.node)
        called = ast.unparse(value.func if isinstance(value, ast.Call) else value)
        return Finding(
            module.path,
            key.line,
            key.column + 1,
            codes.KEPT.code,
            f"the client waits for {called}, which can't become a task: {self.reason}",
            codes.NAME,
            Level.DISPLAY,
            Treatment.LEFT,
            (self.reason,),
            self.middleware.function.qualname,
        )


def needed(middleware: Middleware, works: Iterable[Work]) -> Iterator[Needed]:
    """What a middleware waits for beside its ``works``, and what it passes on."""
    function = middleware.function
    if not middleware.passes_on:
        return
    last = max(node.lineno for node in middleware.passes_on)
    seen = {work.call for work in works}
    for node in own_nodes(function):
        if not isinstance(node, ast.Await) or node in middleware.passes_on or node.value in seen:
            continue
        if middleware.module.function_of(node) is not function or _answers(node, middleware):
            continue
        if reason := _reason(node, middleware, last):
            yield Needed(middleware, node, reason)


def _reason(node: ast.Await, middleware: Middleware, last: int) -> str:
    is_used = not isinstance(middleware.module.parent(node), ast.Expr)
    if node.lineno < last:
        # A value that is read on the way in is no work that could come later.
        return "" if is_used else "the request is passed on only after it"
    if is_used:
        return "its value is used"
    return "" if isinstance(node.value, ast.Call) else "it began before, and its end is waited for"


def _answers(node: ast.Await, middleware: Middleware) -> bool:
    """Whether a call is handed what sends the answer: ``await response(scope, receive, send)``."""
    parameters = middleware.function.parameters
    return bool(parameters) and any(
        isinstance(inner, ast.Name) and inner.id == parameters[-1].arg
        for inner in ast.walk(node.value)
    )


__all__ = ["Needed", "needed"]
