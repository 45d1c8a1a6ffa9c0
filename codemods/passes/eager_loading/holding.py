"""Which instances values can hold, and small questions about functions and expressions."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance, Values
from codemods.plan.validations import mapped_in as mapped_in
from codemods.plan.validations import put_into as put_into


def holds(values: Values, entity: Class, program: Program, depth: int = 0) -> bool:
    """Whether values can hold instances of a class, in lists and rows too."""
    for value in values:
        if isinstance(value, Instance):
            if isinstance(value.cls, Class) and (
                entity in program.mro(value.cls) or value.cls in program.mro(entity)
            ):
                return True
            if depth < 6 and any(holds(a, entity, program, depth + 1) for a in value.args):
                return True
    return False


def excludes(values: Values, entity: Class, program: Program) -> bool:
    """Whether values are known to hold instances, and none of the entity.

    Inference does not keep the callers of a generic function apart: what flows out of it
    seems to flow to all of them.
    """
    return not holds(values, entity, program) and any(
        holds(values, cls, program) for cls in mapped_in(values, program)
    )


def is_of_another(
    function: Function, node: ast.Call, module: Module, entity: Class, program: Program
) -> bool:
    """Whether a call gives instances of another class."""
    if excludes(program.infer(node, module), entity, program):
        return True
    if not isinstance(node.func, ast.Attribute):
        return False
    owners = [v.cls for v in program.infer(node.func.value, module) if isinstance(v, ClassValue)]
    return (
        len(owners) == 1
        and program.models.is_mapped(owners[0])
        and program.decorated(function, "builtins.classmethod")
        and not holds(frozenset((Instance(owners[0]),)), entity, program)
    )


def is_self(function: Function, argument: ast.arg, program: Program) -> bool:
    """Whether a parameter is the object of a method."""
    return (
        function.is_method
        and bool(function.parameters)
        and function.parameters[0] is argument
        and not program.decorated(function, "builtins.staticmethod")
    )


def is_abstract(function: Function) -> bool:
    """Whether a method has no body to speak of."""
    body = function.definition.body
    return all(
        isinstance(s, ast.Pass | ast.Raise)
        or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in body
    )


def text_of(node: ast.expr) -> str:
    """An expression as messages name it."""
    return ast.unparse(node)[:60]


def source_of_lambda(argument: ast.arg, module: Module) -> ast.expr | None:
    """Where the parameter of a key of ``sorted`` comes from, or of what ``map`` calls."""
    function = module.parent(module.parent(argument) or argument)
    holder = module.parent(function) if isinstance(function, ast.Lambda) else None
    if isinstance(holder, ast.keyword):
        holder = module.parent(holder)
    match holder:
        case ast.Call(func=ast.Name(id="sorted" | "min" | "max"), args=[first, *_]):
            return first
        case ast.Call(func=ast.Name(id="map" | "filter"), args=[_, first, *_]):
            return first
        case ast.Call(func=ast.Attribute(value=value, attr="sort")):
            return value
    return None


def passed_for(
    call: ast.Call, function: Function, argument: ast.arg, program: Program
) -> ast.expr | None:
    """The expression that a call passes for a parameter; the receiver for ``self``."""
    if is_self(function, argument, program) and isinstance(call.func, ast.Attribute):
        return call.func.value
    return program.calls.argument(call, function, argument)


def texts_of_decorators(function: Function) -> set[str]:
    """The texts that its decorators are called with: the fields of a Pydantic validator."""
    return {
        argument.value
        for decorator in function.definition.decorator_list
        if isinstance(decorator, ast.Call)
        for argument in decorator.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
