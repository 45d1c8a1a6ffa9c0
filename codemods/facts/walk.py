"""Walking over ``ast`` nodes, faster than the standard library: the fields of a class that can
never hold a node are not looked at."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemods.facts.syntax import Function

#: Fields that hold names, numbers and the like in every class that has them.
_PLAIN = frozenset(
    """annotations arg asname attr conversion ctx id is_async kind level module op ops rest
    simple tag type_comment""".split()
)
_fields: dict[type[ast.AST], tuple[str, ...]] = {}


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below ``node``, in the order of the code; no operators and contexts."""
    cls = type(node)
    names = _fields.get(cls)
    if names is None:
        names = _fields[cls] = tuple(name for name in cls._fields if name not in _PLAIN)
    found: list[ast.AST] = []
    for name in names:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found.extend(item for item in value if isinstance(item, ast.AST))
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and everything below it, the outermost first."""
    waiting = deque((node,))
    while waiting:
        current = waiting.popleft()
        yield current
        waiting.extend(children(current))


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of the body of a function, without those of functions within it."""
    waiting: list[ast.AST] = list(reversed(function.definition.body))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(_evaluated(node))))


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that the function around it evaluates."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.decorator_list
            yield from node.args.defaults
            yield from (default for default in node.args.kw_defaults if default is not None)
        case ast.Lambda():
            yield from node.args.defaults
            yield from (default for default in node.args.kw_defaults if default is not None)
        case _:
            yield from children(node)
