"""What stands around a node: a lambda, a decorator, a table of overrides."""

from __future__ import annotations

import ast

from codemods.facts.modules import Module
from codemods.facts.syntax import Function


def inside_lambda(node: ast.AST, module: Module) -> bool:
    """Whether a node stands in a lambda of its own statement."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Lambda):
            return True
        if isinstance(parent, ast.stmt):
            return False
    return False


def holder_of_lambda(node: ast.AST, module: Module) -> Function | None:
    """The function in which the lambda around a node stands."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Lambda):
            return module.function_of(parent)
    return None


def is_override_key(node: ast.AST, module: Module) -> bool:
    """Whether a node names what ``dependency_overrides`` replaces."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Subscript | ast.Dict | ast.Assign):
            if _names_overrides(parent.targets[0] if isinstance(parent, ast.Assign) else parent):
                return True
            if isinstance(parent, ast.Dict):
                return _names_overrides(module.parent(parent))
        if isinstance(parent, ast.Call) and node in parent.args[:1]:
            # ``app.dependency_overrides.pop(get_db)``
            return _names_overrides(parent.func)
        if isinstance(parent, ast.stmt):
            return False
    return False


def is_decorator(node: ast.AST, module: Module) -> bool:
    """Whether a node stands in a decorator."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return child in parent.decorator_list
        if isinstance(parent, ast.stmt):
            return False
        child = parent
    return False


def _names_overrides(node: ast.AST | None) -> bool:
    return node is not None and any(
        isinstance(inner, ast.Attribute) and inner.attr == "dependency_overrides"
        for inner in ast.walk(node)
    )


def in_comprehension(node: ast.AST, module: Module) -> bool:
    """Whether an expression stands in a comprehension or lambda, where no name can be bound."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.stmt):
            return False
        if isinstance(parent, ast.Lambda | ast.comprehension | ast.GeneratorExp):
            return True
        if isinstance(parent, ast.ListComp | ast.SetComp | ast.DictComp):
            return True
    return False


def fits(call: ast.Call, function: Function, bound: int = 1) -> bool:
    """Whether the arguments of a call could be those of the function.

    ``bound`` is 0 where a method may get its object as an argument: ``Finder.find(finder, 1)``.
    """
    arguments = function.definition.args
    if any(isinstance(a, ast.Starred) for a in call.args):
        return True
    if any(k.arg is None for k in call.keywords):
        return True
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod"
        for d in function.definition.decorator_list
    )
    bound = bound if function.is_method and not static else 0
    positional = [*arguments.posonlyargs, *arguments.args][bound:]
    if len(call.args) > len(positional) and arguments.vararg is None:
        return False
    names = {a.arg for a in [*positional, *arguments.kwonlyargs]}
    if arguments.kwarg is None and any(k.arg not in names for k in call.keywords):
        return False
    given = {a.arg for a in positional[: len(call.args)]} | {k.arg for k in call.keywords}
    required = positional[: len(positional) - len(arguments.defaults)]
    return all(a.arg in given for a in required)
