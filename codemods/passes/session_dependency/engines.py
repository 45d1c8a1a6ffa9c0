"""Engines that a test or a fixture makes for itself and never disposes of.

The connections of a sync engine go with the engine. Those of an async one belong to an event loop,
which has ended when they are collected: aiosqlite's threads then complain, or keep the process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits import Edit, InsertAfter, ReplaceStatement
from codemods.edits.templates import holes_of
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance
from codemods.passes.session_dependency import codes
from codemods.passes.session_dependency.dependencies import Repair, annotated, free_name
from codemods.passes.session_dependency.opened import own_nodes

_DISPOSE = "dispose"
_MAKERS = ("sqlalchemy.create_engine", "sqlalchemy.engine_from_config", "sqlmodel.create_engine")


def undisposed(program: Program) -> Iterator[Repair]:
    """The tests and fixtures that make an engine and leave it, with the edits that dispose of it.

    It may be the engine itself, or an object of a class that makes one in its ``__init__``.
    """
    for module in program.modules.mentioning(_words(program)):
        if not program.web.in_tests(module):
            continue
        for function in module.functions.values():
            if program.web.is_pytest(function) and not _disposes(function):
                for statement in function.definition.body:
                    engine = _made(statement, function, program)
                    if engine and not _disposed_elsewhere(function, program):
                        yield _repair(function, statement, engine, program)
                        break  # one edit at the end of a function is all that fits


def _words(program: Program) -> set[str]:
    """What stands in a module that makes an engine: the functions, and classes that call them."""
    words = {maker.rpartition(".")[2] for maker in _MAKERS}
    for module in program.modules.mentioning(words):
        words |= {cls.name for cls in module.classes.values() if _held(cls, program)}
    return words


def _held(cls: Class, program: Program) -> list[str]:
    """The attributes of ``self`` for which a class makes an engine."""
    return [
        name
        for name, bindings in cls.attributes.items()
        if any(b.value is not None and _makes(b.value, cls.module, program) for b in bindings)
    ]


def _makes(node: ast.expr, module: Module, program: Program) -> bool:
    return isinstance(node, ast.Call) and program.outside_name(node.func, module) in _MAKERS


def _made(statement: ast.stmt, function: Function, program: Program) -> str:
    """The engine that a statement makes, as an expression of what follows; "" if it makes none."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=call) if isinstance(call, ast.Call):
            if len(function.bindings.get(name, ())) != 1:
                return ""
            if _makes(call, function.module, program):
                return name
            return next((f"{name}.{held}" for held in _of(call, function, program)), "")
        case ast.Return(value=ast.Call() as call) if _makes(call, function.module, program):
            return free_name(function, "engine", "made_engine")
    return ""


def _of(call: ast.Call, function: Function, program: Program) -> list[str]:
    """The engines that an object holds which a call makes, where its class disposes of none."""
    values = list(program.infer(call, function.module))
    if len(values) != 1 or not isinstance(values[0], Instance):
        return []
    cls = values[0].cls
    if not isinstance(cls, Class) or any(
        isinstance(value, Class) and value is not cls for value in program.mro(cls)
    ):
        return []
    return [] if any(_disposes(method) for method in cls.methods) else _held(cls, program)


def _disposes(function: Function) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == _DISPOSE
        for node in ast.walk(function.definition)
    )


def _disposed_elsewhere(fixture: Function, program: Program) -> bool:
    """Whether a function that asks for a fixture disposes of the engine that it is given."""
    return any(
        _disposes(function)
        for module in program.modules.mentioning((_DISPOSE,))
        for function in module.functions.values()
        if any(program.web.fixture(function, a.arg) is fixture for a in function.parameters)
    )


def _repair(function: Function, statement: ast.stmt, engine: str, program: Program) -> Repair:
    found = Repair(function, codes.UNDISPOSED, statement)
    module, body = function.module, function.definition.body
    last = body[-1]
    disposal = f"{engine}.{_DISPOSE}()"
    if isinstance(statement, ast.Return) and statement is last:
        template = f"{engine} = {{value}}\nyield {engine}\n{disposal}"
        _generator(found, statement, template, program)
    elif isinstance(last, ast.Return) and last.value is not None:
        _generator(found, last, f"yield {{value}}\n{disposal}", program)
    elif any(isinstance(node, ast.Return) for node in own_nodes(function)):
        found.reason = "it returns in several places"
    else:
        fixture = not function.is_generator and _is_fixture(function, program)
        ending = f"yield\n{disposal}" if fixture else disposal
        found.edits = [Edit(module.key(last), InsertAfter(ending))]
    return found


def _generator(found: Repair, last: ast.Return, template: str, program: Program) -> None:
    """What a fixture returned it yields, to go on when the test is done."""
    function = found.function
    if function.is_generator or len(function.returns) != 1 or not _is_fixture(function, program):
        found.reason = "it returns in several places"
    elif holes_of(function.module.source(last)):
        found.reason = "what it returns can't be written anew"
    else:
        edit = Edit(function.module.key(last), ReplaceStatement(template))
        found.edits = [edit, *annotated(function, program, found)]


def _is_fixture(function: Function, program: Program) -> bool:
    return program.web.is_pytest(function) and not program.web.is_test(function)
