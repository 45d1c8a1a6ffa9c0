"""Pydantic models: their fields, and which attributes of an object they read when made from it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance, Values

if TYPE_CHECKING:
    from codemods.facts.program import Program

BASE_MODEL = "pydantic.BaseModel"

VALIDATORS = frozenset(
    {
        "pydantic.model_validator",
        "pydantic.root_validator",
        "pydantic.validator",
        "pydantic.field_validator",
    }
)


@dataclass(frozen=True)
class Field:
    """A field: its name, the attribute that it is read from, and what its annotation means."""

    name: str
    source: str
    values: Values


class Schemas:
    """The Pydantic models of a program (SQLModel's tables are models, but not meant here)."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def is_schema(self, value: object) -> bool:
        """Whether a value is an object of a Pydantic model of the code base."""
        return (
            isinstance(value, Instance)
            and isinstance(value.cls, Class)
            and self.program.is_subclass(value.cls, BASE_MODEL)
        )

    def schemas(self, values: Values, depth: int = 0) -> Iterator[Instance]:
        """The models that annotated values hold: within lists, unions and mappings too."""
        for value in values:
            if isinstance(value, Instance):
                if self.is_schema(value):
                    yield value
                elif depth < 6:
                    for argument in value.args:
                        yield from self.schemas(argument, depth + 1)

    def fields(self, schema: Instance) -> dict[str, Field]:
        """The fields of a model by name, inherited ones included."""
        found: dict[str, Field] = {}
        if not isinstance(schema.cls, Class):
            return found
        for base in self.program.mro(schema.cls):
            if not isinstance(base, Class):
                continue
            for name, bindings in base.bindings.items():
                for binding in bindings:
                    if binding.kind != "annotated" or name.startswith("_") or name in found:
                        continue
                    if name == "model_config" or binding.annotation is None:
                        continue
                    values = self._annotated(name, binding.annotation, base)
                    values = self.program.inference.substitute(values, schema, base)
                    found[name] = Field(name, _alias(binding.value) or name, values)
        return found

    def _annotated(self, name: str, annotation: ast.expr, cls: Class) -> Values:
        """What an annotation means; ``Post: Post`` means the class outside."""
        if isinstance(annotation, ast.Name) and annotation.id == name:
            found = self.program.inference.name(name, cls.parent or cls.module.scope)
            return frozenset(
                Instance(value.cls, value.args) for value in found if isinstance(value, ClassValue)
            )
        return self.program.annotation(annotation, cls.module)

    def validators(self, schema: Instance) -> Iterator[Function]:
        """The validators of a model: those that run early can see the object itself."""
        if not isinstance(schema.cls, Class):
            return
        for base in self.program.mro(schema.cls):
            if isinstance(base, Class):
                for method in base.methods:
                    if any(name in VALIDATORS for name in self.program.decorators(method)):
                        yield method


def _alias(value: ast.expr | None) -> str:
    """The attribute that ``Field(alias=...)`` has the field read from."""
    if isinstance(value, ast.Call):
        for word in ("validation_alias", "alias"):
            for keyword in value.keywords:
                if keyword.arg == word and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""
