"""The way of an instance as data: who reads it, what is asked of it, and where it comes from."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum

from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function

Path = tuple[str, ...]


class Kind(Enum):
    """Where the way of an instance ends."""

    QUERY = "query"
    GET = "get"
    FRESH = "fresh"
    SELF = "self"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Touch:
    """A place that reads relationships of the instance ``base``, starting at ``entity``.

    ``why`` names the reader in a sentence.
    """

    base: ast.expr
    module: Module
    entity: Class
    path: Path
    node: ast.AST
    why: str
    writes: bool = False


@dataclass(frozen=True)
class Hop:
    """A call that was entered, and the expression that used its result in the outer function."""

    call: ast.AST
    module: Module
    callee: Function
    use: ast.expr
    use_module: Module


@dataclass(frozen=True)
class Demand:
    """What is asked of the instances that come out of ``expr``.

    ``stack`` are the calls that were entered on the way, outermost first; ``use`` is the
    expression of the present function by which the instances are used.
    """

    touch: Touch
    expr: ast.expr
    module: Module
    entity: Class
    path: Path
    many: bool
    stack: tuple[Hop, ...]
    use: ast.expr
    use_module: Module


@dataclass(frozen=True)
class Landing:
    """The end of a way."""

    kind: Kind
    demand: Demand
    node: ast.expr
    reason: str = ""
    function: Function | None = None
