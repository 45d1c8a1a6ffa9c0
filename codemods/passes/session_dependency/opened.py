"""Where sessions are opened: which calls make a new one, and what a function does with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import ClassValue, External, Instance
from codemods.facts.walk import children


@dataclass(frozen=True)
class Opened:
    """``name = SessionLocal()``: the statement and the call. ``name`` is "" without a name."""

    statement: ast.stmt
    call: ast.Call
    name: str


def opens(call: ast.expr, module: Module, program: Program) -> bool:
    """Whether an expression is a call that makes a new session."""
    if not isinstance(call, ast.Call):
        return False
    for value in program.infer(call.func, module):
        match value:
            case Instance(cls=cls) if program.is_sessionmaker_class(cls):
                return True
            case External(name=name) if name != known.SCOPED_SESSION:
                if program.is_session_class(name):
                    return True
            case ClassValue(cls=cls) if program.is_session_class(cls):
                return True
    return False


def shares(call: ast.expr, module: Module, program: Program) -> bool:
    """Whether an expression calls a ``scoped_session``: one session for each thread."""
    return isinstance(call, ast.Call) and any(
        isinstance(value, Instance) and value.cls == known.SCOPED_SESSION
        for value in program.infer(call.func, module)
    )


def opened_in(function: Function, program: Program) -> list[Opened]:
    """The sessions that a function itself opens and gives a name, in order."""
    found = []
    for statement in own_nodes(function):
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=call)
                | ast.AnnAssign(target=ast.Name(id=name), value=call)
            ) if isinstance(call, ast.Call) and opens(call, function.module, program):
                found.append(Opened(statement, call, name))
    return sorted(found, key=lambda item: item.statement.lineno)


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions and classes within it."""
    waiting: list[ast.AST] = list(function.definition.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        waiting.extend(children(node))


def calls_on(name: str, method: str, nodes: Iterator[ast.AST]) -> bool:
    """Whether ``name.method()`` stands among the nodes."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == name
        for node in nodes
    )


def body_of(function: Function) -> list[ast.stmt]:
    """The statements of a function but for its docstring and its ``global`` lines."""
    body = list(function.definition.body)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return [statement for statement in body if not isinstance(statement, ast.Global)]


def is_close(statement: ast.stmt, name: str) -> bool:
    """Whether a statement is ``name.close()``."""
    return isinstance(statement, ast.Expr) and calls_on(name, "close", iter((statement.value,)))
