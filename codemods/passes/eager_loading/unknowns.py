"""What can load something, and of which too little is known to say what."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.schemas import BASE_MODEL, VALIDATORS
from codemods.facts.values import Instance
from codemods.passes.eager_loading.templates import Templates
from codemods.passes.eager_loading.touches import Touches
from codemods.plan import validations
from codemods.plan.validations import FROM_OBJECT

_DEPTH = 5


def unknown(touches: Touches) -> Iterator[tuple[ast.Attribute, Module]]:
    """Reads that are called like relationships, of objects of which nothing is known.

    So are properties and methods of models that read relationships.
    """
    relationships = touches.relationship_names()
    names = _suspicious(touches)
    for module in touches.modules(names):
        for name in sorted(names & set(module.syntax.references)):
            for node in module.syntax.references[name]:
                if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                    continue
                values = touches.tracer.awaited.infer(node.value, module)
                if values - {Instance(known.OPAQUE)}:
                    continue
                if name in relationships and _is_called(node, module):
                    continue
                function = module.function_around(node)
                if function is None or touches.in_model(node, module):
                    continue
                if not any(d in VALIDATORS for d in touches.program.decorators(function)):
                    yield node, module


def _suspicious(touches: Touches) -> set[str]:
    """Names that only mapped classes use, for what is loaded when it is read."""
    members = {name for name in touches.member_names() if not name.startswith("__")}
    return (touches.relationship_names() | members) - _ordinary_names(touches.program)


def unknown_responses(touches: Touches) -> Iterator[tuple[ast.expr, Module]]:
    """What a route returns of which nothing is known, though its response model reads more."""
    names = _suspicious(touches)
    for function, routes in touches.program.web.routes.items():
        for route in routes if names else ():
            if route.response_model is None:
                continue
            values = touches.program.annotation(route.response_model, route.module)
            if not _sources(touches, touches.schemas.schemas(values), 0) & names:
                continue
            for statement in function.returns:
                value = statement.value
                if value is None or isinstance(value, ast.Constant):
                    continue
                if not touches.tracer.awaited.infer(value, function.module):
                    yield value, function.module


def _sources(touches: Touches, schemas: Iterable[Instance], depth: int) -> set[str]:
    """The attributes that Pydantic models are made from, at any depth."""
    found: set[str] = set()
    for schema in schemas if depth < _DEPTH else ():
        for field in touches.schemas.fields(schema).values():
            found.add(field.source)
            found |= _sources(touches, touches.schemas.schemas(field.values), depth + 1)
    return found


def unknown_contexts(touches: Touches) -> Iterator[tuple[ast.expr, Module]]:
    """What a template gets of which nothing is known, though it reads relationships."""
    names = _suspicious(touches)
    templates = Templates(touches.program, touches)
    for call, module in templates.rendered() if names else ():
        words, _ = templates.read_by(call, module)
        for value in templates.handed(call, module) if words & names else ():
            if not touches.tracer.awaited.infer(value, module):
                yield value, module


def vague(touches: Touches) -> Iterator[tuple[ast.expr, Module]]:
    """Objects that are made into Pydantic models of which nothing is known."""
    for call, module in validations.vague(touches.program, touches.modules(FROM_OBJECT)):
        yield call.args[0], module


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
