"""The way of an instance as data: who reads it, what is asked of it, and where it comes from."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function

Path = tuple[str, ...]

#: So many steps through the same relationship in a row are as many as the data has: the way to the
#: root of a tree, or to its leaves.
ENDLESS = 3

#: Loader options take ``recursion_depth`` from this version on.
RECURSION_DEPTH = ("sqlalchemy", "2.0")


def leading(path: Path) -> int:
    """How often the first step of a path comes in a row."""
    return next((i for i, name in enumerate(path) if name != path[0]), len(path))


def steps(path: Path) -> int:
    """The length of a path, where what comes in a row counts once."""
    return sum(1 for _ in groupby(path))


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

    ``why`` names the reader in a sentence. ``escapes`` says that only what ``base`` gives is still
    held when it is read, as in a response.
    """

    base: ast.expr
    module: Module
    entity: Class
    path: Path
    node: ast.AST
    why: str
    writes: bool = False
    escapes: bool = False


@dataclass(frozen=True)
class Hop:
    """A call that was entered, and the function that it leads to."""

    call: ast.AST
    module: Module
    callee: Function


@dataclass(frozen=True)
class Frame:
    """A function on the way, and the expression by which it uses the instances.

    ``hop`` is the call by which the way went on into another function.
    """

    use: ast.expr
    module: Module
    hop: Hop | None = None


@dataclass(frozen=True)
class Demand:
    """What is asked of the instances that come out of ``expr``.

    ``stack`` are the calls that were entered and not left, outermost first; ``trail`` are the
    functions so far, the reader first: what happens in one happens before what happens in those
    ahead of it. ``use`` is the expression by which the present function uses the instances.
    ``reads`` are the attributes that led to the first steps of the path: one that comes twice is in
    a loop or a recursion, as deep as the data.
    """

    touch: Touch
    expr: ast.expr
    module: Module
    entity: Class
    path: Path
    many: bool
    stack: tuple[Hop, ...]
    use: ast.expr
    trail: tuple[Frame, ...] = ()
    reads: tuple[ast.Attribute, ...] = ()


@dataclass(frozen=True)
class Landing:
    """The end of a way."""

    kind: Kind
    demand: Demand
    node: ast.expr
    reason: str = ""
    function: Function | None = None
