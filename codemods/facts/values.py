"""What an expression can stand for: modules, classes, functions and instances.

``Values`` is the set of possibilities that are known; the empty set means that nothing is.
A class of the code base is a ``Class``; one from outside is its canonical dotted name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function

ClassRef = Class | str


@dataclass(frozen=True)
class ModuleValue:
    """A module of the code base."""

    module: Module


@dataclass(frozen=True)
class External:
    """Something from outside the code base: a module, class or function by its dotted name."""

    name: str


@dataclass(frozen=True)
class ClassValue:
    """A class of the code base as an object; ``args`` are its type arguments."""

    cls: Class
    args: tuple[Values, ...] = ()


@dataclass(frozen=True)
class FunctionValue:
    """A function of the code base, bound to ``owner`` where it was read from an instance."""

    function: Function
    owner: Instance | None = None


@dataclass(frozen=True)
class Instance:
    """An object of a class; ``args`` are its type arguments (a query's: what it selects)."""

    cls: ClassRef
    args: tuple[Values, ...] = ()


@dataclass(frozen=True)
class Method:
    """A method of an object whose class is outside the code base."""

    owner: Instance
    name: str


@dataclass(frozen=True)
class TypeVariable:
    """A type variable, with what it is bound by."""

    name: str
    bound: Values = frozenset()


Value = ModuleValue | External | ClassValue | FunctionValue | Instance | Method | TypeVariable
Values = frozenset[Value]

UNKNOWN: Values = frozenset()


def one(value: Value) -> Values:
    """A single possibility."""
    return frozenset((value,))


def instance(name: str, *args: Values) -> Values:
    """An object of an outside class."""
    return one(Instance(name, args))


def union(parts: Iterable[Values]) -> Values:
    """All possibilities of several."""
    return frozenset().union(*parts)
