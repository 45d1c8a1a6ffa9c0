"""What is known of the places that a value can pass, and how they are named."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function, Scope
from codemods.facts.values import ClassValue, Instance

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: Methods of containers that take something out.
TAKING = frozenset("__getitem__ copy get items pop popitem popleft setdefault union values".split())
#: What gives back what it is given, or a container of it.
GIVING = frozenset(
    f"builtins.{name}" for name in "dict enumerate iter list next reversed set sorted tuple".split()
) | frozenset({"copy.copy", "typing.cast"})


@dataclass(frozen=True)
class Place:
    """A name of a scope, an attribute of a class, or (without a name) what a function gives."""

    owner: Scope
    name: str


@dataclass
class Journey:
    """What is known of the places that a value can pass.

    ``lost`` says where the trail ends, or "". With ``others``, more can stand in these places than
    the functions, classes and lambdas that were found.
    """

    calls: dict[ast.Call, Module] = field(default_factory=dict)
    functions: set[Function] = field(default_factory=set)
    classes: set[Class] = field(default_factory=set)
    lambdas: set[ast.Lambda] = field(default_factory=set)
    seen: set[ast.expr] = field(default_factory=set)
    others: bool = False
    lost: str = ""


class Trail:
    """One journey while it is followed: the places that were found, and those still to look at."""

    def __init__(self, program: Program, *, objects: bool) -> None:
        self.program = program
        self.objects = objects
        self.journey = Journey()
        self.waiting: list[Place] = []
        self._places: set[Place] = set()

    def lose(self, why: str) -> None:
        """Nothing is known from here on."""
        self.journey.lost = self.journey.lost or why

    def place(self, place: Place) -> None:
        """The value can stand in a place."""
        if place not in self._places:
            self._places.add(place)
            self.waiting.append(place)

    def places_of(self, node: ast.Name | ast.Attribute, module: Module) -> list[Place]:
        """The places that a name or an attribute means."""
        home = self.program.home(node, module)
        if home is not None and home[0].bindings.get(home[1]):
            holder, name = home
            return [self.definer(holder, name) if isinstance(holder, Class) else Place(*home)]
        if not isinstance(node, ast.Attribute):
            return []
        values = self.program.infer(node.value, module)
        if not values or not all(
            isinstance(v, Instance | ClassValue) and isinstance(v.cls, Class) for v in values
        ):
            return []
        return [
            self.definer(v.cls, node.attr)
            for v in values
            if isinstance(v, Instance | ClassValue) and isinstance(v.cls, Class)
        ]

    def definer(self, cls: Class, name: str) -> Place:
        """An attribute of the topmost class that has it."""
        for base in reversed(self.program.mro(cls)):
            if isinstance(base, Class) and (name in base.attributes or name in base.bindings):
                return Place(base, name)
        return Place(cls, name)


def where(what: str, node: ast.expr, module: Module) -> str:
    """What happens somewhere, with the place."""
    return f"{what} in {module.path}:{node.lineno}"
