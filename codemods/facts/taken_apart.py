"""Objects that are taken apart: ``vars(handlers)``, ``handlers.model_dump()``, a ``getattr``.

What stands in the fields of such an object can be read where no name of a field is written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import ClassValue, Instance, Values

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: Functions whose first argument they take apart.
_FUNCTIONS = {
    "vars": "builtins.vars",
    "asdict": "dataclasses.asdict",
    "astuple": "dataclasses.astuple",
    "getmembers": "inspect.getmembers",
}
#: Methods of Pydantic that do it; only its own classes have them by these names.
_METHODS = ("model_dump", "dict")
_PYDANTIC = "pydantic.BaseModel"
_DICT = "__dict__"
_WORDS = (*_FUNCTIONS, *_METHODS, _DICT, "getattr")


class TakenApart:
    """The classes whose objects a program takes apart, and where."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, cls: Class) -> str:
        """Where objects of a class, or of one that derives from it, are taken apart; or ""."""
        family = (cls, *self.program.subclasses(cls), *self.program.mro(cls))
        return next((self._places[c] for c in family if c in self._places), "")

    @cached_property
    def _places(self) -> dict[object, str]:
        found: dict[object, str] = {}
        for module in self.program.modules.mentioning(_WORDS):
            for node, values in self._taken(module):
                for value in values:
                    if isinstance(value, Instance | ClassValue) and isinstance(value.cls, Class):
                        found.setdefault(value.cls, f"{module.path}:{node.lineno}")
        return found

    def _taken(self, module: Module) -> Iterator[tuple[ast.expr, Values]]:
        """What a module takes apart."""
        for node in module.syntax.references.get(_DICT, ()):
            if isinstance(node, ast.Attribute):
                yield node, self.program.infer(node.value, module)
        for name in (*_FUNCTIONS, "getattr"):
            for call in module.syntax.calls.get(name, ()):
                if call.args and self._takes(name, call, module):
                    yield call, self.program.infer(call.args[0], module)
        for name in _METHODS:
            for call in module.syntax.calls.get(name, ()):
                if isinstance(call.func, ast.Attribute):
                    values = self.program.infer(call.func.value, module)
                    yield call, frozenset(v for v in values if self._is_pydantic(v))

    def _takes(self, name: str, call: ast.Call, module: Module) -> bool:
        if name == "getattr":
            return len(call.args) > 1 and not isinstance(call.args[1], ast.Constant)
        return self.program.outside_name(call.func, module) == _FUNCTIONS[name]

    def _is_pydantic(self, value: object) -> bool:
        return isinstance(value, Instance) and self.program.is_subclass(value.cls, _PYDANTIC)
