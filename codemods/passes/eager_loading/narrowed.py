"""Columns that a query leaves out: ``load_only`` and ``defer``. Reading one is a load of its own.

Sync code pays for it with a query for each object; on an async session it fails. What is read of
the instances in the function of such a query, in its callers and by the response models of either,
is looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.schemas import Schemas
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue
from codemods.passes.eager_loading.holding import mapped_in
from codemods.passes.eager_loading.render import primary_key

_ONLY, _BUT = "load_only", "defer"


@dataclass(frozen=True)
class Narrow:
    """A loader option, and the columns of a class that it leaves out."""

    call: ast.Call
    option: str
    cls: Class
    columns: frozenset[str]


def narrowed(program: Program) -> Iterator[tuple[ast.expr, Module, Narrow]]:
    """The reads of columns that a query has left out."""
    schemas = Schemas(program)
    for module in program.modules.mentioning((_ONLY, _BUT)):
        for option in () if is_migration(module) else (_ONLY, _BUT):
            for call in module.syntax.calls.get(option, ()):
                function = module.function_of(call)
                if function is None:
                    continue
                for narrow in _of(call, option, module, program):
                    for one in dict.fromkeys((function, *_callers(function, program))):
                        for node in _reads(one, narrow, program, schemas):
                            yield node, one.module, narrow


def _of(call: ast.Call, option: str, module: Module, program: Program) -> Iterator[Narrow]:
    named: dict[Class, set[str]] = {}
    for argument in call.args:
        if isinstance(argument, ast.Attribute):
            for value in program.infer(argument.value, module):
                if isinstance(value, ClassValue) and isinstance(value.cls, Class):
                    named.setdefault(value.cls, set()).add(argument.attr)
    for cls, names in named.items():
        if program.models.is_mapped(cls):
            rest = program.models.columns(cls) - names - set(primary_key(cls, program))
            yield Narrow(call, option, cls, frozenset(rest if option == _ONLY else names))


def _callers(function: Function, program: Program) -> Iterator[Function]:
    for reference in program.calls.references(function):
        caller = reference.module.function_of(reference.node)
        if caller is not None:
            yield caller


def _reads(
    function: Function, narrow: Narrow, program: Program, schemas: Schemas
) -> Iterator[ast.expr]:
    module = function.module
    for node in function.nodes:
        match node:
            case ast.Attribute(attr=name, ctx=ast.Load()) if name in narrow.columns:
                if narrow.cls in program.models.entities(program.infer(node.value, module)):
                    yield node
    shown = {
        field.source
        for route in program.web.routes.get(function, ())
        if route.response_model is not None
        for schema in schemas.schemas(program.annotation(route.response_model, route.module))
        for field in schemas.fields(schema).values()
    }
    for statement in function.returns if shown & narrow.columns else ():
        value = statement.value
        if value is not None and narrow.cls in mapped_in(program.infer(value, module), program):
            yield value
