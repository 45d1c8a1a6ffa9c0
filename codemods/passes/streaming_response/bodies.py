"""Middleware that takes the first part of an answer's body for all of it.

What the application sends at once arrives in one part, which some middleware counts on: it reads
JSON from it, or answers with it. A streamed answer has many parts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue, Values
from codemods.passes.streaming_response.reads import LeftError
from codemods.plan.middleware import Middleware, find_middleware

_PARTS = "body_iterator"
_MORE = "more_body"
_NEXT = frozenset({"anext", "__anext__"})
#: Methods that put one part behind the others.
_COLLECTING = frozenset("append extend write writelines update feed put put_nowait".split())


class Bodies:
    """Whether the middleware of a program copes with an answer of many parts."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def check(self) -> None:
        """Raise ``LeftError`` where an answer has to arrive in one part."""
        if self._place:
            raise LeftError(f"{self._place} takes the first part of a body for all of it")

    @cached_property
    def _place(self) -> str:
        return next(self._places(), "")

    def _places(self) -> Iterator[str]:
        for middleware in find_middleware(self.program):
            for sender in senders(self.program, middleware):
                for body in _bodies_read(sender):
                    yield f"{sender.qualname} ({sender.module.path}:{body.lineno})"
        for module in self.program.modules.mentioning((_PARTS,)):
            if self.program.web.in_tests(module):
                continue
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Attribute) and node.attr == _PARTS:
                    function = module.function_of(node)
                    if function is not None and _takes_one(node, function, module):
                        yield f"{function.qualname} ({module.path}:{node.lineno})"


def senders(program: Program, middleware: Middleware) -> Iterator[Function]:
    """What an inner application is given to send by."""
    for passing in middleware.passes_on:
        assert isinstance(passing.value, ast.Call)
        for argument in passing.value.args:
            for node in ast.walk(argument):
                if isinstance(node, ast.Name | ast.Attribute):
                    yield from functions_of(program.infer(node, middleware.module))


def functions_of(values: Values) -> list[Function]:
    """The functions of the code base among some values."""
    return [v.function for v in values if isinstance(v, FunctionValue)]


# -- messages of ASGI --------------------------------------------------------------------------


def _bodies_read(sender: Function) -> Iterator[ast.expr]:
    """Where a function that sends messages reads a body, and does not ask whether there is more."""
    if any(isinstance(node, ast.Constant) and node.value == _MORE for node in sender.nodes):
        return
    for node in sender.nodes:
        match node:
            case (
                ast.Subscript(slice=ast.Constant(value="body"), ctx=ast.Load())
                | ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value="body"), *_])
            ) as body if not _is_collected(body, sender.module):
                yield body


# -- answers as Starlette gives them to middleware ---------------------------------------------


def _takes_one(parts: ast.Attribute, function: Function, module: Module) -> bool:
    """Whether a function uses one of the parts that it iterates over."""
    parent = module.parent(parts)
    match parent:
        case ast.Attribute(attr=name) if name in _NEXT:
            return True
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if first is parts and name in _NEXT:
            return True
        case ast.AsyncFor(target=ast.Name(id=name), body=body):
            return any(
                _is_kept_alone(inner, module)
                for statement in body
                for inner in ast.walk(statement)
                if isinstance(inner, ast.Name) and inner.id == name
            )
        case ast.comprehension():
            collected = module.parent(parent)
            held = module.parent(collected) if collected is not None else None
            match held:
                case ast.Assign(targets=[ast.Name(id=name)]):
                    return any(_is_item(node, name) for node in function.nodes)
                case ast.Subscript():
                    return True
    return False


def _is_item(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Subscript(value=ast.Name(id=held), slice=ast.Constant(), ctx=ast.Load()):
            return held == name
    return False


def _is_kept_alone(node: ast.expr, module: Module) -> bool:
    """Whether one part is assigned or given, where it is not put behind the others."""
    if _is_collected(node, module):
        return False
    return any(isinstance(parent, ast.Assign | ast.Return) for parent in module.ancestors(node))


def _is_collected(node: ast.expr, module: Module) -> bool:
    """Whether a part is put behind those before it, or its length added to theirs."""
    for parent in module.ancestors(node):
        match parent:
            case ast.AugAssign():
                return True
            case ast.Call(func=ast.Attribute(attr=name)) if name in _COLLECTING:
                return True
            case ast.Assign(targets=[target], value=ast.BinOp(left=left)):
                return ast.dump(left) == ast.dump(target).replace("Store()", "Load()")
            case ast.stmt():
                return False
    return False


__all__ = ["Bodies", "functions_of", "senders"]
