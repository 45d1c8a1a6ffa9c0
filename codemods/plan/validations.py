"""Objects that are made into Pydantic models of which nothing is known.

Such a model may read any relationship of a mapped object, and so load it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance, Values

#: Class methods of Pydantic models that read the attributes of any object.
FROM_OBJECT = frozenset({"model_validate", "from_orm"})

_GROWS = ["append", "extend", "insert", "add", "update", "appendleft", "setdefault"]


def vague(program: Program, modules: Iterable[Module]) -> Iterator[tuple[ast.Call, Module]]:
    """The calls that make objects into Pydantic models of which nothing is known."""
    for module in modules:
        for name in sorted(FROM_OBJECT & set(module.syntax.calls)):
            for call in module.syntax.calls[name]:
                if not isinstance(call.func, ast.Attribute) or not call.args:
                    continue
                owner = program.infer(call.func.value, module)
                if owner and all(isinstance(value, ClassValue) for value in owner):
                    continue
                if not _is_plain(program.infer(call.args[0], module), program):
                    yield call, module


def mapped_in(values: Values, program: Program, depth: int = 0) -> set[Class]:
    """The mapped classes of the instances in values, in lists, rows and statements too."""
    found = set(program.models.entities(values))
    if depth < 6:
        for value in values:
            if isinstance(value, Instance):
                for argument in value.args:
                    found |= mapped_in(argument, program, depth + 1)
    return found


#: What has no attributes that a database could give.
_PLAIN = frozenset(f"builtins.{name}" for name in "dict str bytes int float bool".split())


def _is_plain(values: Values, program: Program) -> bool:
    """Whether values are known, and hold no mapped instance."""
    plain = all(
        isinstance(value, Instance)
        and value.cls != known.OPAQUE
        and (not value.args or value.cls in _PLAIN)
        for value in values
    )
    return bool(values) and plain and not mapped_in(values, program)


def put_into(name: str, function: Function) -> list[ast.expr]:
    """What a function puts into the list or dict of that name."""
    found: list[ast.expr] = []
    for node in function.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=attr), args=args):
                if owner == name and attr in _GROWS:
                    found.extend(args)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=owner))], value=value):
                if owner == name:
                    found.append(value)
            case ast.AugAssign(target=ast.Name(id=owner), value=value):
                if owner == name:
                    found.append(value)
    return found
