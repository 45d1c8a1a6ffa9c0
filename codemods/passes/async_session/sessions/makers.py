"""Functions that make an engine or a session factory for the names of a module.

``SessionLocal, engine = connect(settings.url)``: such a function is called while a module is
imported, or by Alembic, and does nothing with what it makes but give it back. It can be kept in
both colours, and so can the names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue, Instance

#: What makes an engine, by the name in SQLAlchemy, and its async form.
ENGINES = {
    "sqlalchemy.create_engine": "create_async_engine",
    "sqlalchemy.engine_from_config": "async_engine_from_config",
}
#: The words that a module mentions which makes an engine.
ENGINE_WORDS = tuple(name.rpartition(".")[2] for name in ENGINES)
#: What makes an engine or a session factory, and what a name that holds one is.
MAKERS = {
    **dict.fromkeys(ENGINES, "engine"),
    known.SESSIONMAKER: "factory",
    known.SCOPED_SESSION: "registry",
}
_KINDS = {
    known.ENGINE: "engine",
    known.SESSIONMAKER: "factory",
    known.SCOPED_SESSION: "registry",
}


@dataclass(frozen=True)
class Maker:
    """A function that makes what the names of one assignment hold, by kind."""

    function: Function
    call: ast.Call
    module: Module
    statement: ast.Assign
    kinds: tuple[tuple[str, str], ...]


def maker(program: Program, call: ast.expr, module: Module) -> Maker | None:
    """The maker that a call at module level calls, if that is all that becomes of it."""
    nothing: Maker | None = None
    return program.evaluation.once(("maker", call), lambda: _maker(program, call, module), nothing)


def makes(program: Program, function: Function) -> Iterator[ast.Call]:
    """The calls of SQLAlchemy in a function that make an engine, a factory or a registry."""
    for node in function.nodes:
        if isinstance(node, ast.Call) and program.outside_name(node.func, function.module) in (
            MAKERS
        ):
            yield node


def _maker(program: Program, call: ast.expr, module: Module) -> Maker | None:
    statement = module.parent(call)
    if not isinstance(call, ast.Call) or not isinstance(statement, ast.Assign):
        return None
    if is_migration(module) or program.web.in_tests(module):
        return None
    values = program.infer(call.func, module)
    functions = [v.function for v in values if isinstance(v, FunctionValue)]
    if len(values) != 1 or len(functions) != 1:
        return None
    kinds = _kinds(program, statement, module)
    if not kinds or not _is_plain(program, functions[0]):
        return None
    return Maker(functions[0], call, module, statement, kinds)


def _kinds(program: Program, statement: ast.Assign, module: Module) -> tuple[tuple[str, str], ...]:
    """The names that are assigned, and what each is; none where one is something else."""
    if len(statement.targets) != 1 or statement not in module.tree.body:
        return ()
    target = statement.targets[0]
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    found: list[tuple[str, str]] = []
    for target in targets:
        if not isinstance(target, ast.Name):
            return ()
        bindings = module.scope.bindings.get(target.id, ())
        if len(bindings) != 1:
            return ()
        values = program.inference.binding(bindings[0], target.id, module.scope)
        kinds = {
            _KINDS.get(v.cls, "") if isinstance(v, Instance) and isinstance(v.cls, str) else ""
            for v in values
        }
        if len(kinds) != 1 or "" in kinds:
            return ()
        found.append((target.id, kinds.pop()))
    return tuple(found)


def _is_plain(program: Program, function: Function) -> bool:
    """Whether a function is called while modules are imported, and gives back what it makes."""
    if function.parent is not function.module.scope or function.definition.decorator_list:
        return False
    if function.is_async or function.is_generator:
        return False
    for reference in program.calls.references(function):
        if reference.call is None:
            return False
        statement = reference.module.parent(reference.call)
        if not is_migration(reference.module) and not (
            isinstance(statement, ast.Assign) and _kinds(program, statement, reference.module)
        ):
            return False
    made = set(makes(program, function))
    names: set[str] = set()
    for node in made:
        parent = function.module.parent(node)
        match parent:
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
            case _ if not _is_given_back(node, function, made):
                return False
    return bool(made) and all(
        _is_given_back(node, function, made)
        for node in function.nodes
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
    )


def _is_given_back(node: ast.expr, function: Function, made: set[ast.Call]) -> bool:
    """Whether an expression is returned, or an engine for another maker."""
    parent = function.module.parent(node)
    if isinstance(parent, ast.Tuple | ast.keyword):
        parent = function.module.parent(parent)
    return isinstance(parent, ast.Return) or parent in made
