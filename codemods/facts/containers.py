"""Containers of dependency-injector: what their providers make, and what they hand on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Instance,
    Values,
    instance,
    union,
)

if TYPE_CHECKING:
    from codemods.facts.infer import Inference
    from codemods.facts.program import Program

_LIBRARY = "dependency_injector.providers"
#: Providers that call what is their first argument, with the arguments behind it.
_MAKERS = frozenset(
    f"{_LIBRARY}.{name}"
    for name in """Factory Singleton Callable ThreadSafeSingleton ThreadLocalSingleton
    ContextLocalSingleton""".split()
)
PROVIDERS = _MAKERS | {f"{_LIBRARY}.Dependency", f"{_LIBRARY}.Object"}


def provided(inference: Inference, name: str, node: ast.Call, module: Module) -> Values:
    """The provider that a call makes, with what calling the provider gives."""
    first = node.args[0] if node.args else None
    if name in _MAKERS and first is not None:
        made = union(
            inference.called.value(v, node, module) for v in inference.infer(first, module)
        )
        return instance(known.PROVIDER, made)
    if name.endswith(".Object") and first is not None:
        return instance(known.PROVIDER, inference.infer(first, module))
    of = first or next((k.value for k in node.keywords if k.arg == "instance_of"), None)
    return instance(known.PROVIDER, inference.annotation(of, module) if of else UNKNOWN)


def handed(program: Program, function: Function, name: str) -> Iterator[tuple[ast.expr, Module]]:
    """What providers pass for a parameter of a function, or of the ``__init__`` of a class."""
    for module in program.modules.mentioning(("dependency_injector",)):
        for calls in module.syntax.calls.values():
            for call in calls:
                if not call.args or program.outside_name(call.func, module) not in _MAKERS:
                    continue
                if not any(
                    _calls(program, v, function) for v in program.infer(call.args[0], module)
                ):
                    continue
                for keyword in call.keywords:
                    if keyword.arg == name:
                        yield keyword.value, module
                names = [a.arg for a in function.parameters][1 if function.is_method else 0 :]
                for given, parameter in zip(call.args[1:], names, strict=False):
                    if parameter == name:
                        yield given, module


def sessions_made(program: Program) -> Iterator[tuple[Function, str]]:
    """The functions that get a session which a provider makes by itself; of classes the methods.

    A provider of these closes no session that it makes.
    """
    for module in program.modules.mentioning(("dependency_injector",)):
        for calls in list(module.syntax.calls.values()):
            for call in calls:
                if not call.args or program.outside_name(call.func, module) not in _MAKERS:
                    continue
                for value in program.infer(call.args[0], module):
                    function = _called(program, value)
                    if function is None:
                        continue
                    for argument in function.parameters:
                        for given, home in handed(program, function, argument.arg):
                            if name := _session_provider(program, given, home):
                                yield function, name
                                if isinstance(function.parent, Class):
                                    yield from ((m, name) for m in function.parent.methods)


def _called(program: Program, value: object) -> Function | None:
    """The function that runs when a provider calls a value."""
    if isinstance(value, FunctionValue):
        return value.function
    bases = program.mro(value.cls) if isinstance(value, ClassValue) else ()
    methods = (method for base in bases if isinstance(base, Class) for method in base.methods)
    return next((method for method in methods if method.name == "__init__"), None)


def _session_provider(program: Program, given: ast.expr, module: Module) -> str:
    """The provider that an argument of another one stands for, where that makes sessions."""
    call: ast.expr = given
    if not isinstance(call, ast.Call):
        found = program.definition(given, module)
        call, module = found if found is not None else (given, module)
    if not isinstance(call, ast.Call) or not call.args:
        return ""
    name, first = program.outside_name(call.func, module), call.args[0]
    if name not in _MAKERS:
        return ""
    called = program.infer(first, module)
    made = union(program.inference.called.value(value, call, module) for value in called)
    functions = [value.function for value in called if isinstance(value, FunctionValue)]
    given_ones = (program.web.given(function) for function in functions)
    if not any(program.instances(values, known.SESSION) for values in (made, *given_ones)):
        return ""
    return f"{name.rpartition('.')[2]}({ast.unparse(first)})"


def made_by(program: Program, call: ast.Call, module: Module) -> ast.expr | None:
    """What a provider calls, where ``call`` makes one that does."""
    if "dependency_injector" not in module.identifiers or not call.args:
        return None
    return call.args[0] if program.outside_name(call.func, module) in _MAKERS else None


def _calls(program: Program, value: object, function: Function) -> bool:
    if isinstance(value, FunctionValue):
        return value.function is function
    return (
        isinstance(value, ClassValue)
        and function.name == "__init__"
        and isinstance(function.parent, Class)
        and function.parent in program.mro(value.cls)
    )


def overriding(program: Program, provider: ast.Call) -> Iterator[tuple[ast.expr, Module]]:
    """What is put in the place of a container's provider: ``container.db.override(value)``."""
    for module in program.modules.mentioning(("override",)):
        for call in module.syntax.calls.get("override", ()):
            target = call.func.value if isinstance(call.func, ast.Attribute) else None
            if not isinstance(target, ast.Attribute) or not call.args:
                continue
            for owner in program.infer(target.value, module):
                cls = owner.cls if isinstance(owner, Instance | ClassValue) else None
                if isinstance(cls, Class) and any(
                    b.value is provider for b in cls.bindings.get(target.attr, ())
                ):
                    yield call.args[0], module
