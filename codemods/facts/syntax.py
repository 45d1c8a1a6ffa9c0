"""Scopes, bindings and references of one module: what a walk over its ``ast`` finds.

Every node gets its parent and every expression its scope; both are kept in side tables of the
module, so that a later question ("in which statement is this call?") is a look-up.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts.walk import walk

if TYPE_CHECKING:
    from codemods.facts.modules import Module

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
ComprehensionNode = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
ScopeNode = ast.Module | ast.ClassDef | FunctionNode | ast.Lambda | ComprehensionNode

#: A statement list around a node: its owner, the field, and the index of what holds the node.
Block = tuple[ast.AST, str, int]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(eq=False, slots=True)
class Binding:
    """One place that gives a name its value.

    ``kind`` is one of ``assign``, ``annotated``, ``parameter``, ``for``, ``with``, ``import``,
    ``from``, ``def``, ``class``, ``except``, ``augmented``. ``path`` are the indices of an
    unpacking, outermost first; ``value`` is the expression that is bound (or iterated, or
    entered).
    """

    kind: str
    node: ast.AST
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    path: tuple[int, ...] = ()

    @property
    def part(self) -> ast.expr | None:
        """The part of the value that an unpacking takes, as far as that is a display."""
        value = self.value
        for index in self.path:
            if not isinstance(value, ast.Tuple | ast.List) or index >= len(value.elts):
                break
            value = value.elts[index]
        return value


@dataclass(eq=False)
class Scope:
    """A module, class, function, lambda or comprehension and the names that it binds."""

    module: Module
    node: ScopeNode
    parent: Scope | None
    name: str
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    outer_names: set[str] = field(default_factory=set)
    star_imports: list[ast.ImportFrom] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        """Whether this is the body of a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_module(self) -> bool:
        """Whether this is a module."""
        return isinstance(self.node, ast.Module)

    @property
    def qualname(self) -> str:
        """The dotted name within the module."""
        if self.parent is None or self.parent.is_module:
            return self.name
        return f"{self.parent.qualname}.{self.name}"

    def lookup(self, name: str, at: ast.AST | None = None) -> Scope | None:
        """The scope whose binding of ``name`` is seen from here, by Python's rules.

        With ``at``, the place of the name, the body of a class counts as the sequence that it is:
        what stands in front of its ``def list`` means the builtin.
        """
        scope: Scope | None = self
        first = True
        while scope is not None:
            if (
                (first or not scope.is_class)
                and name in scope.bindings
                and not (at is not None and scope.is_class and _is_later(scope.bindings[name], at))
            ):
                return scope
            if name in scope.outer_names:
                scope = scope.parent
                while scope is not None and name not in scope.bindings:
                    scope = scope.parent
                return scope
            first = first and not isinstance(scope.node, _FUNCTIONS)
            scope = scope.parent
        return None


def _is_later(bindings: list[Binding], at: ast.AST) -> bool:
    """Whether all bindings of a name end behind a place: definitions, imports, assignments."""
    return all(
        binding.kind in ("assign", "annotated", "def", "class", "import", "from")
        and isinstance(binding.node, ast.stmt | ast.alias)
        and (binding.node.end_lineno or 0, binding.node.end_col_offset or 0)
        > (getattr(at, "lineno", 0), getattr(at, "col_offset", 0))
        for binding in bindings
    )


@dataclass(eq=False)
class Function(Scope):
    """A function, with what leaves it."""

    returns: list[ast.Return] = field(default_factory=list)
    yields: list[ast.Yield | ast.YieldFrom] = field(default_factory=list)
    awaits: list[ast.Await] = field(default_factory=list)

    @property
    def definition(self) -> FunctionNode:
        """The ``def`` statement."""
        assert isinstance(self.node, _FUNCTIONS)
        return self.node

    @property
    def is_async(self) -> bool:
        """Whether it is an ``async def``."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def is_generator(self) -> bool:
        """Whether its body yields."""
        return bool(self.yields)

    @property
    def is_method(self) -> bool:
        """Whether it stands in the body of a class."""
        return self.parent is not None and self.parent.is_class

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The definition and every node in it, outermost first."""
        return tuple(walk(self.definition))

    @cached_property
    def parameters(self) -> list[ast.arg]:
        """All parameters that can be named, in order."""
        arguments = self.definition.args
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]

    def default_of(self, parameter: ast.arg) -> ast.expr | None:
        """The default value of a parameter."""
        arguments = self.definition.args
        positional = [*arguments.posonlyargs, *arguments.args]
        if parameter in positional:
            index = positional.index(parameter) - (len(positional) - len(arguments.defaults))
            return arguments.defaults[index] if index >= 0 else None
        if parameter in arguments.kwonlyargs:
            return arguments.kw_defaults[arguments.kwonlyargs.index(parameter)]
        return None

    def __str__(self) -> str:
        return f"{self.qualname} ({self.module.path}:{self.definition.lineno})"


@dataclass(eq=False)
class Class(Scope):
    """A class, its methods and the attributes that its methods set on ``self``."""

    attributes: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))

    @property
    def definition(self) -> ast.ClassDef:
        """The ``class`` statement."""
        assert isinstance(self.node, ast.ClassDef)
        return self.node

    @property
    def methods(self) -> Iterator[Function]:
        """The functions of its body."""
        for bindings in self.bindings.values():
            for binding in bindings:
                if binding.kind == "def":
                    function = self.module.functions.get(binding.node)
                    if function is not None:
                        yield function

    def __str__(self) -> str:
        return f"{self.qualname} ({self.module.path}:{self.definition.lineno})"


@dataclass(eq=False)
class Syntax:
    """What one walk over a module found."""

    scope: Scope
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    functions: dict[ast.AST, Function] = field(default_factory=dict)
    classes: dict[ast.AST, Class] = field(default_factory=dict)
    calls: dict[str, list[ast.Call]] = field(default_factory=lambda: defaultdict(list))
    references: dict[str, list[ast.Name | ast.Attribute]] = field(
        default_factory=lambda: defaultdict(list)
    )
    aliases: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: The lists around the nodes that were asked for.
    blocks: dict[ast.AST, tuple[Block, ...]] = field(default_factory=dict)
