"""Loader options that a statement has already."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import product

from codemods.facts.modules import Module
from codemods.passes.eager_loading.lazily import POLYMORPHIC
from codemods.passes.eager_loading.ways import Path

_LOADERS = [
    "selectinload",
    "joinedload",
    "subqueryload",
    "immediateload",
    "contains_eager",
    "raiseload",
    "undefer",
    "joinedload_all",
    "subqueryload_all",
]
#: An option that says again what is so by default; it can narrow what is loaded.
_LAZY = "lazyload"
_SUBCLASSES = "selectin_polymorphic"
#: How often a relationship with ``recursion_depth`` is taken, as far as any path is followed.
_RECURSION = 12


@dataclass
class Existing:
    """The loader options of one statement by path, and the call of ``options`` to add to.

    ``lazy`` are those that load a path when it is read: they have to load it with the query.
    ``groups`` are those of deferred columns that are asked for: "*" is every column.
    """

    options: dict[Path, ast.expr]
    call: ast.Call | None
    lazy: dict[Path, ast.Call] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)


def chain_of(root: ast.Call, module: Module) -> list[ast.Call]:
    """The calls that are chained to ``root``: ``select(User).where(...).options(...)``."""
    found: list[ast.Call] = []
    current: ast.AST = root
    while True:
        attribute = module.parent(current)
        if not isinstance(attribute, ast.Attribute) or attribute.value is not current:
            return found
        call = module.parent(attribute)
        if not isinstance(call, ast.Call) or call.func is not attribute:
            return found
        found.append(call)
        current = call


def options_of(root: ast.Call, module: Module) -> Existing:
    """What the chain of a query loads already."""
    found = Existing({}, None)
    for call in chain_of(root, module):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "options":
            found.call = found.call or call
            for argument in call.args:
                read_option(argument, found)
                _read_lazy(argument, found)
    return found


def _read_lazy(node: ast.expr, found: Existing) -> None:
    """Note ``lazyload(User.posts)``, which stands for itself and is not chained to another."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name == _LAZY:
            path = tuple(step for argument in node.args for step in _names(argument))
            found.options[path] = node
            found.lazy[path] = node


def options_of_get(call: ast.Call) -> tuple[Existing, ast.expr | None]:
    """What ``get(..., options=[...])`` loads already, and the value of the keyword."""
    found = Existing({}, None)
    for keyword in call.keywords:
        if keyword.arg == "options":
            if isinstance(keyword.value, ast.List | ast.Tuple):
                for element in keyword.value.elts:
                    read_option(element, found)
            return found, keyword.value
    return found, None


def read_option(node: ast.expr, found: Existing) -> None:
    """Note the paths of ``selectinload(User.posts).joinedload(Post.tags)``."""
    for steps in _steps(node):
        for index in range(len(steps)):
            found.options.setdefault(tuple(steps[: index + 1]), node)
    # options() below an option: what it holds belongs under the path so far.
    for call in ast.walk(node):
        match call:
            case ast.Call(
                func=ast.Name(id="undefer_group") | ast.Attribute(attr="undefer_group"),
                args=[ast.Constant(value=group)],
            ):
                found.groups.add(str(group))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name == _SUBCLASSES:
                found.groups.add(POLYMORPHIC)
            case ast.Call(
                func=ast.Name(id="undefer") | ast.Attribute(attr="undefer"),
                args=[ast.Constant(value="*")],
            ):
                found.groups.add("*")
            case ast.Call(func=ast.Attribute(attr="options", value=outer), args=arguments):
                for prefix, argument in product(_steps(outer), arguments):
                    for inner in _steps(argument):
                        for index in range(len(inner)):
                            found.options.setdefault((*prefix, *inner[: index + 1]), node)


def _steps(node: ast.expr) -> list[list[str]]:
    """The steps of an option: several ways, where one is taken as often as the data has it."""
    if not isinstance(node, ast.Call):
        return [[]]
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    before: list[list[str]] = [[]]
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Call):
        before = _steps(func.value)
    if name not in _LOADERS:
        return before
    own = [step for argument in node.args for step in _names(argument)]
    recursive = any(keyword.arg == "recursion_depth" for keyword in node.keywords)
    times = range(1, _RECURSION + 1) if recursive else (1,)
    return [[*steps, *own * count] for steps in before for count in times]


def _names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _names(node.func.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.split(".")
    return []
