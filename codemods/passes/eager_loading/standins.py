"""Functions of tests that stand in for ``Session.get``: they are called with its new arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue


def stand_ins(program: Program, keywords: frozenset[str]) -> Iterator[tuple[Function, str]]:
    """Each function that would not take one of the keywords, with that keyword."""
    if not keywords:
        return
    found: dict[Function, None] = {}
    for module in program.modules.mentioning(("side_effect",)):
        if program.web.in_tests(module):
            for node in ast.walk(module.tree):
                match node:
                    case ast.Assign(
                        targets=[
                            ast.Attribute(attr="side_effect", value=ast.Attribute(attr="get"))
                        ],
                        value=value,
                    ):
                        found.update(dict.fromkeys(_taking(program, value, module)))
    for function in found:
        taken = {argument.arg for argument in function.parameters}
        for keyword in sorted(keywords - taken):
            yield function, keyword


def _taking(program: Program, value: ast.expr, module: Module) -> Iterator[Function]:
    """The functions that a mock calls with an entity and its key, and nothing else."""
    for meant in program.infer(value, module):
        if isinstance(meant, FunctionValue):
            arguments = meant.function.definition.args
            if arguments.kwarg is None and len(meant.function.parameters) >= len(("cls", "key")):
                yield meant.function
