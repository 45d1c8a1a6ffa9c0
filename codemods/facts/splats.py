"""Arguments that come in a dictionary: ``given = {"db": db}`` and then ``find(**given)``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: Through how many functions keywords are followed.
_FAR = 5


def splatted(
    program: Program, call: ast.Call, name: str, module: Module | None = None
) -> ast.expr | None:
    """What a call passes by that keyword in the one dictionary that it unpacks."""
    unpacked = [keyword.value for keyword in call.keywords if keyword.arg is None]
    if len(unpacked) != 1:
        return None
    home = module or _home(program, call)
    if home is None:
        return None
    display = _display(unpacked[0], home)
    return _entry(display, name) if display is not None else None


def _home(program: Program, call: ast.Call) -> Module | None:
    return next(
        (
            module
            for module in program.modules
            if "syntax" in module.__dict__ and call in module.syntax.parents
        ),
        None,
    )


def _display(node: ast.expr, module: Module) -> ast.Dict | None:
    """The display behind an expression; behind a name if that is bound once and only read."""
    if isinstance(node, ast.Dict):
        return node
    if not isinstance(node, ast.Name):
        return None
    holder = module.scope_of(node).lookup(node.id, node)
    if not isinstance(holder, Function):
        return None
    bindings = holder.bindings.get(node.id, [])
    if len(bindings) != 1 or not isinstance(bindings[0].value, ast.Dict):
        return None
    for use in module.syntax.references.get(node.id, ()):
        if (
            isinstance(use, ast.Name)
            and isinstance(use.ctx, ast.Load)
            and module.scope_of(use).lookup(node.id, use) is holder
            and not isinstance(module.parent(use), ast.keyword)
        ):
            return None
    return bindings[0].value


def _entry(display: ast.Dict, name: str) -> ast.expr | None:
    if not all(isinstance(key, ast.Constant) for key in display.keys):
        return None
    found = [
        value
        for key, value in zip(display.keys, display.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == name
    ]
    return found[0] if len(found) == 1 else None


def forwarded(
    program: Program, call: ast.Call, name: str, module: Module, depth: int = 0
) -> Iterator[tuple[ast.expr, Module]]:
    """What callers pass by that keyword to a function that hands its ``**keywords`` on."""
    maker = module.function_of(call)
    if maker is None or maker.definition.args.kwarg is None or depth > _FAR:
        return
    own = maker.definition.args.kwarg.arg
    if not any(
        keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == own
        for keyword in call.keywords
    ):
        return
    for outer, home in program.calls.calls_of(maker):
        found = next((k.value for k in outer.keywords if k.arg == name), None)
        found = found or splatted(program, outer, name, home)
        if found is not None:
            yield found, home
        else:
            yield from forwarded(program, outer, name, home, depth + 1)
