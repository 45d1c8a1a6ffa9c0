"""Which expressions mean mapped classes, and how one entity is told from another."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.models import DECLARATIVE_BASES
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import (
    ClassValue,
    External,
    Instance,
    TypeVariable,
    Value,
)

#: What tells one entity of a statement from another: a class, the call that made an alias, or
#: the text of an expression whose class is only known at run time.
Identity = Class | ast.Call | str

#: A table that is drawn in but not known.
STRANGER = "?"


class Entities:
    """Answers which entity an expression means."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._entities: dict[ast.expr, tuple[Identity, frozenset[Class]] | None] = {}

    def entity(self, node: ast.expr, module: Module) -> tuple[Identity, frozenset[Class]] | None:
        """The entity that an expression means, if it is one."""
        if node not in self._entities:
            self._entities[node] = self._entity(node, module)
        return self._entities[node]

    def _entity(self, node: ast.expr, module: Module) -> tuple[Identity, frozenset[Class]] | None:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
            return None
        values = self.program.infer(node, module)
        if not values:
            return None
        classes: set[Class] = set()
        dynamic = False
        for value in values:
            match value:
                case ClassValue(cls=cls) if self.program.models.is_mapped(cls):
                    classes.add(cls)
                case ClassValue(cls=cls) if found := self._mapped_below(cls):
                    classes |= found
                    dynamic = True
                case Instance(cls="builtins.type", args=(inner,)) if inner:
                    below = [self._mapped(item) for item in inner]
                    if None in below:
                        return None
                    classes |= frozenset().union(*filter(None, below))
                    dynamic = True
                case TypeVariable():
                    mapped = self._mapped(value)
                    if mapped is None:
                        return None
                    classes |= mapped
                    dynamic = True
                case _:
                    return None
        if isinstance(node, ast.Call):
            return (node, frozenset(classes)) if self._is_alias(node, module) else None
        made = self.program.definition(node, module)
        if made is not None and isinstance(made[0], ast.Call):
            if self._is_alias(made[0], made[1]):
                return made[0], frozenset(classes)
            dynamic = True
        if len(classes) == 1 and not dynamic and self._is_class_name(node, module):
            return next(iter(classes)), frozenset(classes)
        return ast.unparse(node), frozenset(classes)

    def _is_class_name(self, node: ast.expr, module: Module) -> bool:
        """Whether a name is that of the class itself, not of a variable that holds it."""
        binding = self.program.binding(node, module)
        return binding is not None and binding[0].kind == "class"

    def _is_alias(self, node: ast.Call, module: Module) -> bool:
        return External("sqlalchemy.orm.aliased") in self.program.infer(node.func, module)

    def _mapped(self, value: Value) -> frozenset[Class] | None:
        """The mapped classes that an object can be of; None where it need not be mapped."""
        models = self.program.models
        match value:
            case Instance(cls=Class() as cls):
                if models.is_mapped(cls):
                    return frozenset((cls,))
                return self._below(cls)
            case TypeVariable(bound=bound) if bound:
                classes: set[Class] = set()
                for item in bound:
                    found = self._mapped(item)
                    if found is None:
                        return None
                    classes |= found
                return frozenset(classes)
            case Instance(cls=str() as name) if name in DECLARATIVE_BASES or name == known.SQLMODEL:
                return frozenset(models.all())
        return None

    def _mapped_below(self, cls: Class) -> frozenset[Class]:
        """The classes of a mixin that is there for mapped classes only."""
        below = self.program.subclasses(cls)
        mapped = frozenset(sub for sub in below if self.program.models.is_mapped(sub))
        leaves = [sub for sub in below if not self.program.subclasses(sub)]
        return mapped if leaves and mapped.issuperset(leaves) else frozenset()

    def _below(self, cls: Class) -> frozenset[Class] | None:
        """The mapped classes below a base that is not mapped itself."""
        bases = self.program.mro(cls)
        if not any(base in bases for base in (*DECLARATIVE_BASES, known.SQLMODEL)):
            return None
        return frozenset(
            sub for sub in self.program.subclasses(cls) if self.program.models.is_mapped(sub)
        )

    def outside(self, node: ast.expr, module: Module) -> str:
        """The dotted name of the outside thing that an expression means, else ""."""
        return next(
            (v.name for v in self.program.infer(node, module) if isinstance(v, External)), ""
        )
