"""What a middleware does once an answer has begun whose method and status are known."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codemods.facts.modules import Module
from codemods.facts.plain import Plain
from codemods.plan.middleware import Middleware

#: What a test can ask, by the kind of the object and the attribute.
_ASKED = {("request", "method"): "method", ("response", "status_code"): "status"}
_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, among: value in among,
    ast.NotIn: lambda value, among: value not in among,
}


@dataclass(frozen=True)
class Answered:
    """An answer: the method of its request, in capitals, and its status, if that is known."""

    plain: Plain
    method: str
    status: int | None

    def nodes(self, middleware: Middleware) -> list[ast.AST]:
        """The expressions and contexts behind ``call_next`` that run for such an answer.

        ``call_next`` comes back when the answer begins.
        """
        first = min((node.lineno, node.col_offset) for node in middleware.passes_on)
        found = []
        for node in self._run(middleware.function.definition.body, middleware.module):
            place = node.context_expr if isinstance(node, ast.withitem) else node
            if isinstance(place, ast.expr) and (place.lineno, place.col_offset) > first:
                found.append(node)
        return found

    def _run(self, block: list[ast.stmt], module: Module) -> Iterator[ast.AST]:
        """The nodes of the statements that can run."""
        for statement in block:
            if not isinstance(statement, ast.If):
                yield from self._inside(statement, module)
                continue
            holds = self._holds(statement.test, module)
            yield from ast.walk(statement.test)
            if holds is not False:
                yield from self._run(statement.body, module)
            if holds is not True:
                yield from self._run(statement.orelse, module)
            taken = statement.orelse if holds is False else statement.body
            if holds is not None and taken and isinstance(taken[-1], ast.Return | ast.Raise):
                return

    def _inside(self, statement: ast.AST, module: Module) -> Iterator[ast.AST]:
        """A statement and all in it; the blocks of it only as far as they can run."""
        yield statement
        for _, value in ast.iter_fields(statement):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield from self._run(value, module)
            elif isinstance(value, ast.AST):
                yield from self._inside(value, module)
            elif isinstance(value, list):
                for inner in value:
                    if isinstance(inner, ast.AST):
                        yield from self._inside(inner, module)

    def _holds(self, test: ast.expr, module: Module) -> bool | None:
        """Whether a test holds for the answer; None where that is not known."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                holds = self._holds(inner, module)
                return None if holds is None else not holds
            case ast.BoolOp(op=joined, values=values):
                decided = isinstance(joined, ast.Or)
                parts = [self._holds(value, module) for value in values]
                if decided in parts:
                    return decided
                return None if None in parts else not decided
            case ast.Compare(left=left, ops=[asked], comparators=[right]):
                return self._compared(left, asked, right, module)
        return None

    def _compared(
        self, left: ast.expr, asked: ast.cmpop, right: ast.expr, module: Module
    ) -> bool | None:
        if not isinstance(left, ast.Attribute) or type(asked) not in _COMPARED:
            return None
        what = _ASKED.get((self.plain.kind(left.value, module), left.attr))
        value = getattr(self, what) if what is not None else None
        if value is None:
            return None
        try:
            return _COMPARED[type(asked)](value, ast.literal_eval(right))
        except (ValueError, TypeError):
            return None


__all__ = ["Answered"]
