"""What can load something, and of which too little is known to say what."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.plain import Plain
from codemods.facts.schemas import BASE_MODEL, VALIDATORS
from codemods.facts.values import ClassValue, External, FunctionValue, Instance, TypeVariable, Value
from codemods.passes.eager_loading.templates import Templates
from codemods.passes.eager_loading.touches import Touches
from codemods.plan import validations
from codemods.plan.validations import FROM_OBJECT

_DEPTH = 5
#: Libraries whose functions give mapped instances.
_HOLDING_ENTITIES = ("sqlalchemy", "sqlmodel", "builtins", "copy", "itertools", "functools")


def unknown(touches: Touches) -> Iterator[tuple[ast.Attribute, Module]]:
    """Reads that are called like relationships, of objects of which nothing is known.

    So are properties and methods of models that read relationships.
    """
    relationships = touches.relationship_names()
    names = _suspicious(touches)
    plain = Plain(touches.program)
    for module in touches.modules(names):
        for name in sorted(names & set(module.syntax.references)):
            for node in module.syntax.references[name]:
                if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                    continue
                values = touches.tracer.awaited.infer(node.value, module)
                if any(_says_something(value) for value in values):
                    continue
                if name in relationships and _is_called(node, module):
                    continue
                function = module.function_around(node)
                if function is None or touches.in_model(node, module):
                    continue
                if any(d in VALIDATORS for d in touches.program.decorators(function)):
                    continue
                if not _is_made_outside(node.value, module, plain):
                    yield node, module


def _says_something(value: Value) -> bool:
    """Whether a value says of what class an object is."""
    if isinstance(value, TypeVariable):
        return bool(value.bound)
    return value != Instance(known.OPAQUE)


def _is_made_outside(node: ast.expr, module: Module, plain: Plain, depth: int = _DEPTH) -> bool:
    """Whether a library makes an object, out of nothing that could be or lead to an entity.

    ``client.translate(text)`` of a client that got a key only: no session, class or instance of
    the application was in its hands.
    """
    names = [v.name for v in plain.program.infer(node, module) if isinstance(v, External)]
    if names:
        return not any(name.startswith(_HOLDING_ENTITIES) for name in names)
    found = plain.program.definition(node, module) if depth else None
    if found is None:
        return False
    value, module = found
    while isinstance(value, ast.Await | ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(value, ast.Call):
            given = [*value.args, *(keyword.value for keyword in value.keywords)]
            if not all(_leads_nowhere(argument, module, plain) for argument in given):
                return False
            value = value.func
        else:
            value = value.value
    return _is_made_outside(value, module, plain, depth - 1)


def _leads_nowhere(argument: ast.expr, module: Module, plain: Plain) -> bool:
    """Whether an argument is plain data: no session, no entity, no class or function."""
    return not plain.reason(argument, module) and not any(
        isinstance(value, ClassValue | FunctionValue)
        or plain.program.models.is_entity(frozenset((value,)))
        for value in plain.program.infer(argument, module)
    )


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
        reading = templates.read_by(call, module)
        for value in templates.handed(call, module) if reading.words & names else ():
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
