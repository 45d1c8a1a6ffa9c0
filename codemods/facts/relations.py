"""Calls that make a relationship, also by way of a function of the application.

``text: Mapped[dict[str, Text]] = keyed("lang_id")``, where ``keyed`` returns ``relationship(...)``,
is that relationship: its arguments are those of the inner call, with what the outer one gives.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue

if TYPE_CHECKING:
    from codemods.facts.program import Program

RELATIONSHIPS = frozenset(
    {"sqlalchemy.orm.relationship", "sqlmodel.Relationship", "sqlalchemy.orm.dynamic_loader"}
)
#: Helpers that call helpers: as deep as that is followed.
_DEPTH = 4


def relationship_call(
    call: ast.Call, module: Module, program: Program, depth: int = _DEPTH
) -> ast.Call | None:
    """The call that makes a relationship for ``call``.

    What the application's own function is given stands in the place of its parameters.
    """
    outside = program.outside_name(call.func, module)
    if outside in RELATIONSHIPS:
        return call
    if outside or not depth:
        return None
    for helper in _helpers(call.func, module, program):
        made = [value.value for value in helper.returns if isinstance(value.value, ast.Call)]
        if len(made) != len(helper.returns):
            continue
        for inner in made:
            if found := relationship_call(inner, helper.module, program, depth - 1):
                return _filled(found, helper, call)
    return None


def arguments(call: ast.Call) -> tuple[list[ast.expr], dict[str, ast.expr]]:
    """The arguments of a relationship, those of ``sa_relationship`` included."""
    keywords = {k.arg: k.value for k in call.keywords if k.arg}
    inner = keywords.get("sa_relationship")
    if isinstance(inner, ast.Call):
        return inner.args, {k.arg: k.value for k in inner.keywords if k.arg} | keywords
    return call.args, keywords


def _helpers(called: ast.expr, module: Module, program: Program) -> list[Function]:
    """The application's own functions that a call can mean and that speak of relationships."""
    return [
        value.function
        for value in program.infer(called, module)
        if isinstance(value, FunctionValue)
        and value.function.returns
        and not value.function.module.identifiers.isdisjoint(("relationship", "Relationship"))
    ]


def _filled(inner: ast.Call, helper: Function, outer: ast.Call) -> ast.Call:
    """``inner`` with the arguments of ``outer`` for the parameters of ``helper``."""
    given: dict[str, ast.expr] = {
        argument.arg: value
        for argument in helper.parameters
        if (value := helper.default_of(argument))
    }
    given |= {a.arg: v for a, v in zip(helper.parameters, outer.args, strict=False)}
    named = {k.arg: k.value for k in outer.keywords if k.arg}
    parameters = {argument.arg for argument in helper.parameters}
    given |= {name: value for name, value in named.items() if name in parameters}
    spread = helper.definition.args.kwarg
    more = {name: value for name, value in named.items() if name not in parameters}

    def fill(call: ast.Call) -> ast.Call:
        keywords = [ast.keyword(k.arg, filled(k.value)) for k in call.keywords if k.arg]
        if spread is not None and len(keywords) < len(call.keywords):
            keywords += [ast.keyword(name, value) for name, value in more.items()]
        made = ast.Call(call.func, [filled(value) for value in call.args], keywords)
        return ast.copy_location(made, outer)

    def filled(value: ast.expr) -> ast.expr:
        if isinstance(value, ast.Call):
            return fill(value)
        return given.get(value.id, value) if isinstance(value, ast.Name) else value

    return fill(inner)
