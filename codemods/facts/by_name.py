"""Fixtures that a test asks for by name: ``request.getfixturevalue(name)``."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function

if TYPE_CHECKING:
    from codemods.facts.program import Program

ASKING = "getfixturevalue"
_PARAMETRIZE = "pytest.mark.parametrize"


@dataclass(frozen=True, eq=False)
class Asked:
    """What a call asks for: the fixtures, and who says their names (``None``: the call itself)."""

    function: Function
    fixtures: dict[str, Function]
    parametrize: ast.Call | None = None


def asked(program: Program, call: ast.Call, module: Module) -> Asked | None:
    """The fixtures that a call can mean; ``None`` where a name is not known."""
    function = module.function_of(call)
    if function is None or len(call.args) != 1 or call.keywords:
        return None
    parametrize = None
    match call.args[0]:
        case ast.Constant(value=str(name)):
            names: list[str] | None = [name]
        case ast.Name(id=parameter):
            parametrize, names = _parametrized(program, function, parameter)
        case ast.Attribute(value=ast.Name(id="request"), attr="param"):
            names = _params(function)
        case _:
            return None
    fixtures = {name: program.web.fixture(function, name) for name in names or ()}
    known = {name: fixture for name, fixture in fixtures.items() if fixture is not None}
    if not names or len(known) < len(fixtures):
        return None
    return Asked(function, known, parametrize)


def _parametrized(
    program: Program, function: Function, parameter: str
) -> tuple[ast.Call | None, list[str] | None]:
    """The decorator that gives a test its parameter, and the texts that it gives."""
    for decorator in function.definition.decorator_list:
        match decorator:
            case ast.Call(func=func, args=[first, ast.List() | ast.Tuple() as values]):
                names = argument_names(first)
                if (
                    parameter in names
                    and program.outside_name(func, function.module) == _PARAMETRIZE
                ):
                    return decorator, _texts(values.elts, names.index(parameter), len(names))
    return None, None


def _params(function: Function) -> list[str] | None:
    """The texts by which a fixture is parametrised: ``@pytest.fixture(params=[...])``."""
    for decorator in function.definition.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == "params" and isinstance(keyword.value, ast.List | ast.Tuple):
                return _texts(keyword.value.elts, 0, 1)
    return None


def argument_names(node: ast.expr) -> list[str]:
    """The names of ``parametrize``: in one text, or in a list."""
    match node:
        case ast.Constant(value=str(text)):
            return [name.strip() for name in text.split(",")]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [str(e.value) for e in elements if isinstance(e, ast.Constant)]
    return []


def _texts(values: list[ast.expr], index: int, count: int) -> list[str] | None:
    found = []
    for value in values:
        part = value
        if count > 1:
            if not isinstance(value, ast.Tuple | ast.List) or len(value.elts) != count:
                return None
            part = value.elts[index]
        if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
            return None
        found.append(part.value)
    return found
