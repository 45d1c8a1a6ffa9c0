"""Calls that may run after their request, in a worker: what they are and what they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.plain import Plain
from codemods.facts.syntax import Function
from codemods.facts.values import External, FunctionValue, Method


class Jobs:
    """Judges what would become a job."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plain = Plain(program)

    def obstacle(self, func: ast.expr, arguments: Iterable[ast.expr], module: Module) -> str:
        """Why ``func(*arguments)`` can't run in a worker after the request; "" if it can."""
        if reason := self._function(func, module):
            return reason
        for argument in arguments:
            if reason := self.plain.reason(argument, module):
                return f"it is given what ends with the request: {reason}"
        return ""

    def functions(self, func: ast.expr, module: Module) -> list[Function]:
        """The functions of the code base that ``func`` means."""
        return [
            v.function for v in self.program.infer(func, module) if isinstance(v, FunctionValue)
        ]

    def _function(self, func: ast.expr, module: Module) -> str:
        text = ast.unparse(func)
        values = self.program.infer(func, module)
        if not values:
            return f"what {text} does is not known"
        for value in values:
            match value:
                case FunctionValue(function=function):
                    if isinstance(function.parent, Function):
                        return f"{text} is made anew for each request"
                    if never_ends(function):
                        return f"{text} never ends, and would keep a worker"
                case External():
                    continue
                case Method():
                    pass
                case _:
                    return f"what {text} does is not known"
        reason = self.plain.values_reason(values)
        return f"{text} belongs to {reason}" if reason else ""


def never_ends(function: Function) -> bool:
    """Whether a function has a ``while True`` that nothing leaves."""
    for node in ast.walk(function.definition):
        match node:
            case ast.While(test=ast.Constant(value=value)) if value:
                leaves = (ast.Break, ast.Return, ast.Raise)
                if not any(isinstance(inner, leaves) for inner in ast.walk(node)):
                    return True
    return False
