"""Answers of requests that are asked for with ``stream=True``: they arrive as they are read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External, Instance, Method

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: Attributes of an answer that wait for the rest of it.
_WAITING = frozenset("content text json apparent_encoding raw".split())

#: What calls its first argument in a thread.
_THREADS = ("starlette.concurrency.run_in_threadpool", "asyncio.to_thread")


class Streamed:
    """Which calls give such an answer, and where it is read without a call that says so."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def makes(self, call: ast.Call, module: Module) -> bool:
        """Whether a call asks for an answer that is read later."""
        return self._is_of_requests(call, module) and any(
            keyword.arg == "stream"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
            for keyword in call.keywords
        )

    def is_whole(self, method: ast.expr, module: Module) -> bool:
        """Whether a method is one of an answer that has arrived: nobody asked to read it later."""
        function = module.function_of(method)
        if function is None or not isinstance(method, ast.Attribute):
            return False
        made = self._made(method.value, function)
        if made is None or not self._is_of_requests(made, module):
            return False
        if any(k.arg in ("stream", None) and not _is_false(k.value) for k in made.keywords):
            return False
        # The attribute ``stream`` of a session says it for all of its answers.
        return any(
            isinstance(value, External) for value in self.program.infer(made.func, module)
        ) or not any(
            "stream" in other.identifiers
            for other in self.program.modules.mentioning(("Session", "session"))
        )

    def _is_of_requests(self, call: ast.Call, module: Module) -> bool:
        for value in self.program.infer(call.func, module):
            match value:
                case External(name=name) if name.startswith("requests."):
                    return True
                case Method(owner=Instance(cls=str() as cls)) if cls.startswith("requests."):
                    return True
        return False

    def reads(self, nodes: Iterable[ast.AST], function: Function) -> Iterator[ast.Attribute]:
        """The attributes among some nodes that wait for such an answer."""
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr in _WAITING:
                made = self._made(node.value, function)
                if made is not None and self.makes(made, function.module):
                    yield node

    def _made(self, node: ast.expr, function: Function) -> ast.Call | None:
        """The one call that gives an object, by a thread or without."""
        if isinstance(node, ast.Name):
            bindings = function.bindings.get(node.id, [])
            if len(bindings) != 1 or bindings[0].value is None:
                return None
            node = bindings[0].value
        if not isinstance(node, ast.Await):
            return node if isinstance(node, ast.Call) else None
        match node.value:
            case ast.Call(func=pool, args=[called, *args], keywords=keywords) if (
                self.program.outside_name(pool, function.module) in _THREADS
            ):
                return ast.Call(called, args, keywords)
        return None


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


__all__ = ["Streamed"]
