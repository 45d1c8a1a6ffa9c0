"""What an annotation says."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.values import (
    UNKNOWN,
    ClassValue,
    External,
    Instance,
    TypeVariable,
    Value,
    Values,
    union,
)

if TYPE_CHECKING:
    from codemods.facts.infer import Inference

#: Annotations that say nothing by themselves: of ``Self`` the code knows which class it is.
_NOTHING = frozenset(("typing.Any", "builtins.object", "typing.Self", "typing_extensions.Self"))


class Annotations:
    """Answers for whatever is annotated."""

    def __init__(self, inference: Inference) -> None:
        self.inference = inference
        self.program = inference.program

    def of(self, node: ast.expr, module: Module) -> Values:
        """The values that something annotated with ``node`` can have."""
        match node:
            case ast.Constant(value=str() as text):
                return self._forward(text, node, module)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return self.of(left, module) | self.of(right, module)
            case ast.Subscript():
                return self._generic(node, module)
            case ast.Name() | ast.Attribute():
                alias = self.program.type_alias(node, module)
                if alias is not None:
                    return self._alias(*alias)
                return self._as_instances(self.inference.infer(node, module))
        return UNKNOWN

    def _alias(self, node: ast.expr, module: Module) -> Values:
        return self.inference.evaluation.once(
            ("alias", node), lambda: self.of(node, module), UNKNOWN
        )

    def _forward(self, text: str, node: ast.expr, module: Module) -> Values:
        try:
            parsed = ast.parse(text, mode="eval").body
        except SyntaxError:
            return UNKNOWN
        scope = module.scope_of(node)
        for inner in ast.walk(parsed):
            module.syntax.scopes[inner] = scope
        return self.of(parsed, module)

    def _as_instances(self, values: Values) -> Values:
        found: set[Value] = set()
        for value in values:
            match value:
                case ClassValue(cls=cls, args=args):
                    found.add(Instance(cls, args))
                case External(name=name) if name not in _NOTHING:
                    found.add(Instance(name))
                case TypeVariable() | Instance(cls="sqlalchemy.orm.declarative_base"):
                    found.add(value)
        return frozenset(found)

    def _generic(self, node: ast.Subscript, module: Module) -> Values:
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        found: set[Value] = set()
        for value in self.inference.infer(node.value, module):
            match value:
                case External(name="typing.Optional" | "typing.Union"):
                    found |= union(self.of(part, module) for part in inner)
                case External(name="typing.Annotated" | "typing.Final" | "typing.ClassVar"):
                    found |= self.of(inner[0], module)
                case External(name="sqlalchemy.orm.Mapped"):
                    found |= self.of(inner[0], module)
                case External(name=name):
                    args = tuple(self.of(part, module) for part in inner)
                    found.add(Instance(known.canonical(name), args))
                case ClassValue(cls=cls):
                    found.add(Instance(cls, tuple(self.of(p, module) for p in inner)))
        return frozenset(found)
