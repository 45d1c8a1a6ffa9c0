"""What can load something, and of which too little is known to say what."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.schemas import BASE_MODEL, VALIDATORS
from codemods.facts.values import ClassValue, Instance, Values
from codemods.passes.eager_loading.holding import mapped_in
from codemods.passes.eager_loading.touches import Touches

_FROM_OBJECT = frozenset({"model_validate", "from_orm"})


def unknown(touches: Touches) -> Iterator[tuple[ast.Attribute, Module]]:
    """Reads that are called like relationships, of objects of which nothing is known."""
    names = touches.relationship_names() - _ordinary_names(touches.program)
    for module in touches.modules(names):
        for name in sorted(names & set(module.syntax.references)):
            for node in module.syntax.references[name]:
                if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                    continue
                values = touches.program.infer(node.value, module)
                if values - {Instance(known.OPAQUE)} or _is_called(node, module):
                    continue
                function = module.function_of(node)
                if function is None or touches.in_model(node, module):
                    continue
                if not any(d in VALIDATORS for d in touches.program.decorators(function)):
                    yield node, module


def vague(touches: Touches) -> Iterator[tuple[ast.expr, Module]]:
    """Objects that are made into Pydantic models of which nothing is known."""
    for module in touches.modules(_FROM_OBJECT):
        for name in sorted(_FROM_OBJECT & set(module.syntax.calls)):
            for call in module.syntax.calls[name]:
                if not isinstance(call.func, ast.Attribute) or not call.args:
                    continue
                owner = touches.program.infer(call.func.value, module)
                if any(isinstance(value, ClassValue) for value in owner):
                    continue
                if not _is_plain(touches.program.infer(call.args[0], module), touches.program):
                    yield call.args[0], module


def _is_plain(values: Values, program: Program) -> bool:
    """Whether values are known, and hold no mapped instance."""
    plain = all(
        isinstance(value, Instance) and value.cls != known.OPAQUE and not value.args
        for value in values
    )
    return bool(values) and plain and not mapped_in(values, program)


def _ordinary_names(program: Program) -> set[str]:
    """Names that other classes of the program use too: they say nothing by themselves."""
    models = program.models
    return {
        name
        for cls in program.all_classes()
        if not models.is_mapped(cls) and not program.is_subclass(cls, BASE_MODEL)
        for name in (*cls.bindings, *cls.attributes)
    } | {"items", "keys", "values"}


def _is_called(node: ast.Attribute, module: Module) -> bool:
    parent = module.parent(node)
    return isinstance(parent, ast.Call) and parent.func is node
