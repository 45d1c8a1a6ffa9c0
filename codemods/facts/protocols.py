"""Protocols, and the classes that have their methods without naming them as a base."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts.syntax import Class, Function

if TYPE_CHECKING:
    from codemods.facts.program import Program

_NAMES = frozenset(("typing.Protocol", "typing_extensions.Protocol"))


class Protocols:
    """Which classes of a program stand for which protocols."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def _pairs(self) -> list[tuple[Class, Class]]:
        """Each protocol with each class that has all of its methods."""
        protocols = [
            cls
            for module in self.program.modules.mentioning(("Protocol",))
            for cls in module.classes.values()
            if self.is_protocol(cls)
        ]
        wanted = {cls: methods for cls in protocols if (methods := self._methods(cls))}
        if not wanted:
            return []
        return [
            (protocol, cls)
            for cls in self.program.all_classes()
            if not self.is_protocol(cls)
            for protocol, methods in wanted.items()
            if self._has(cls, methods)
        ]

    @cached_property
    def _related(self) -> dict[Class, list[Class]]:
        found: dict[Class, list[Class]] = {}
        for protocol, cls in self._pairs:
            found.setdefault(protocol, []).append(cls)
            found.setdefault(cls, []).append(protocol)
        return found

    def related(self, cls: Class) -> list[Class]:
        """The classes that a protocol can mean; the protocols that a class can stand for."""
        return self._related.get(cls, [])

    def is_protocol(self, cls: Class) -> bool:
        """Whether a class is a protocol itself: it names ``Protocol`` among its bases."""
        module = cls.module
        bases = [b.value if isinstance(b, ast.Subscript) else b for b in cls.definition.bases]
        return any(self.program.outside_name(base, module) in _NAMES for base in bases)

    def _methods(self, protocol: Class) -> dict[str, Function]:
        found: dict[str, Function] = {}
        for base in self.program.mro(protocol):
            if isinstance(base, Class):
                for method in base.methods:
                    if not method.name.startswith("__"):
                        found.setdefault(method.name, method)
        return found

    def _has(self, cls: Class, methods: dict[str, Function]) -> bool:
        return all(
            (own := self._method(cls, name)) is not None and _takes(own, wanted)
            for name, wanted in methods.items()
        )

    def _method(self, cls: Class, name: str) -> Function | None:
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                for binding in base.bindings.get(name, ()):
                    return base.module.functions.get(binding.node)
        return None


def _takes(own: Function, wanted: Function) -> bool:
    """Whether a method takes what the method of a protocol takes."""
    arguments = own.definition.args
    names = [a.arg for a in wanted.parameters[1:]]
    mine = own.parameters[1:]
    takes_all = arguments.kwarg is not None or arguments.vararg is not None
    if not takes_all and not set(names) <= {a.arg for a in mine}:
        return False
    return all(a.arg in names or own.default_of(a) is not None for a in mine)
