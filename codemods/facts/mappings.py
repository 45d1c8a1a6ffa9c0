"""Mapped attributes that no class body shows: imperative mappings, and what is set afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: What maps a class to a table that it does not name itself.
_MAPPERS = frozenset(
    {
        "sqlalchemy.orm.mapper",
        "sqlalchemy.orm.registry.map_imperatively",
        "sqlalchemy.ext.declarative.mapper",
    }
)
#: Decorators of methods that give a mapped attribute of each class.
_DECLARED = frozenset(
    {
        "sqlalchemy.orm.declared_attr",
        "sqlalchemy.orm.declared_attr.directive",
        "sqlalchemy.orm.declared_attr.cascading",
        "sqlalchemy.ext.declarative.declared_attr",
        "sqlalchemy.ext.declarative.declared_attr.cascading",
    }
)


@dataclass
class Mapping:
    """What is known of the mapping of a class from outside of its body."""

    module: Module
    table: ast.expr | None = None
    properties: dict[str, ast.expr] = field(default_factory=dict)


def mappings(program: Program) -> dict[Class, Mapping]:
    """The classes that are mapped, or get mapped attributes, by statements elsewhere."""
    found: dict[Class, Mapping] = {}
    for module in program.modules.mentioning(("map_imperatively", "mapper")):
        for name in ("map_imperatively", "mapper"):
            for call in module.syntax.calls.get(name, ()):
                if call.args and program.outside_name(call.func, module) in _MAPPERS:
                    for cls in _classes(call.args[0], module, program):
                        found[cls] = _mapping(call, module)
    for module in program.modules.mentioning(("relationship",)):
        for statement in module.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Attribute(value=owner, attr=attr)], value=value):
                    if isinstance(value, ast.Call) and isinstance(owner, ast.Name):
                        for cls in _classes(owner, module, program):
                            found.setdefault(cls, Mapping(module)).properties[attr] = value
    return found


def _classes(node: ast.expr, module: Module, program: Program) -> list[Class]:
    return [v.cls for v in program.infer(node, module) if isinstance(v, ClassValue)]


def _mapping(call: ast.Call, module: Module) -> Mapping:
    table = call.args[1] if len(call.args) > 1 else None
    given = Mapping(module, table)
    for keyword in call.keywords:
        if keyword.arg == "local_table":
            given.table = keyword.value
        if keyword.arg == "properties":
            given.properties = properties(keyword.value)
    return given


def properties(node: ast.expr) -> dict[str, ast.expr]:
    """The attributes that ``properties={...}`` maps."""
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def own_properties(cls: Class) -> dict[str, ast.expr]:
    """What ``__mapper_args__ = {"properties": {...}}`` maps."""
    found: dict[str, ast.expr] = {}
    for binding in cls.bindings.get("__mapper_args__", ()):
        if isinstance(binding.value, ast.Dict):
            arguments = properties(binding.value)
            if "properties" in arguments:
                found |= properties(arguments["properties"])
    return found


def declared(cls: Class, program: Program) -> Iterator[tuple[Function, ast.Call]]:
    """The methods of a class that declare a mapped attribute, and the call that they return."""
    for method in cls.methods:
        if any(name in _DECLARED for name in program.decorators(method)):
            for statement in method.returns:
                if isinstance(statement.value, ast.Call):
                    yield method, statement.value


def columns_of(table: ast.expr, module: Module, program: Program) -> Iterator[ast.Call]:
    """The columns of ``Table("users", metadata, Column("id", ...))``."""
    found = program.definition(table, module) or (table, module)
    call, where = found
    for argument in call.args if isinstance(call, ast.Call) else ():
        if isinstance(argument, ast.Call) and program.outside_name(argument.func, where) in (
            "sqlalchemy.Column",
            "sqlalchemy.schema.Column",
        ):
            yield argument
