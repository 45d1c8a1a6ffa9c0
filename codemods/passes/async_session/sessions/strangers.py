"""Sessions that come from code which is not here: they stay what they are.

A package shared by several services has ``get_db``, the session factory or the engine. What it
gives is sync after the flip as well, so everything that uses it has to stay sync too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.containers import sessions_made
from codemods.facts.modules import Module, is_library
from codemods.facts.syntax import Binding, Function, Scope
from codemods.passes.async_session.sessions.sites import CREATE, DDL, Site
from codemods.plan.climb import Cause

_DEPTH = 10
_ENGINES = ("bind", "engine", "session_factory")
_SESSIONS = (known.SESSION, known.ASYNC_SESSION)


def given_by_strangers(program: Program, sites: list[Site]) -> dict[Function, Cause]:
    """The functions whose session, factory or engine is none that the flip can make async."""
    found: dict[Function, Cause] = {}
    for function, name in (*_injected(program), *_opened(program, sites), *_passed(program, sites)):
        found.setdefault(function, Cause(f"gets its session from {name}"))
    for function, name in sessions_made(program):
        if not program.web.in_tests(function.module):
            why = f"gets its session from a provider that nobody closes, {name}"
            found.setdefault(function, Cause(why))
    return found


def _injected(program: Program) -> Iterator[tuple[Function, str]]:
    """Parameters that a dependency fills which gives no session that is known."""
    for module in program.modules.mentioning(("Depends", "Security")):
        if program.web.in_tests(module):
            continue
        for function in module.functions.values():
            for argument in function.parameters:
                depends = program.web.depends(function, argument)
                if depends is None or not _wants_session(program, function, argument):
                    continue
                providers = program.web.dependency_functions(depends)
                for provider in providers:
                    if origin := _origin(program, provider):
                        yield function, origin
                if providers or program.instances_of(program.web.provided(depends), _SESSIONS):
                    continue
                if name := stranger(program, depends.expression, depends.module):
                    yield function, f"{name}, which is not in this code"


def _origin(program: Program, provider: Function) -> str:
    """Why it is not known, or known to be no business of ours, what a provider gives."""
    for given in (*provider.yields, *provider.returns):
        if given.value is None or isinstance(given, ast.YieldFrom):
            continue
        if name := stranger(program, given.value, provider.module):
            return f"{provider.qualname}, which has it from {name}, which is not in this code"
        if not program.instances_of(program.infer(given.value, provider.module), _SESSIONS):
            return f"{provider.qualname}, and it can't be told how that makes it"
    return ""


def _wants_session(program: Program, function: Function, argument: ast.arg) -> bool:
    return argument.annotation is not None and bool(
        program.instances(program.annotation(argument.annotation, function.module), known.SESSION)
    )


def _opened(program: Program, sites: list[Site]) -> Iterator[tuple[Function, str]]:
    """Sessions and tables that are made with an engine from outside."""
    for site in sites:
        if site.kind not in (CREATE, DDL) or site.function is None:
            continue
        if name := stranger(program, site.node, site.module):
            yield site.function, f"{name}, which is not in this code"


def _passed(program: Program, sites: list[Site]) -> Iterator[tuple[Function, str]]:
    """Functions that are handed a session from outside: ``with outside() as db: read(db)``."""
    for function in dict.fromkeys(s.function for s in sites if s.function is not None):
        for argument in function.parameters:
            if not program.instances(program.parameter(function, argument), known.SESSION):
                continue
            for call, module in program.calls.calls_of(function):
                passed = program.calls.argument(call, function, argument)
                if passed is None or program.web.in_tests(module):
                    continue
                if name := stranger(program, passed, module):
                    yield function, f"{name}, which is not in this code"


def stranger(program: Program, node: ast.expr, module: Module, depth: int = 0) -> str:
    """The name that was imported from outside and that an expression comes from, or ""."""
    if depth > _DEPTH:
        return ""
    match node:
        case ast.Name(id=name):
            holder = module.scope_of(node).lookup(name, node)
            return _bound(program, holder, name, depth) if holder is not None else ""
        case ast.Attribute(value=value) | ast.Await(value=value) | ast.Starred(value=value):
            return stranger(program, value, module, depth + 1)
        case ast.Call(func=func):
            return stranger(program, func, module, depth + 1) or next(
                (
                    name
                    for argument in _bound_to(node)
                    if (name := stranger(program, argument, module, depth + 1))
                ),
                "",
            )
    return ""


def _bound_to(call: ast.Call) -> list[ast.expr]:
    """What may be the engine of a session, a factory or DDL: ``Session(engine)``."""
    named = [k.value for k in call.keywords if k.arg in _ENGINES]
    return named or [a for a in call.args[:1] if isinstance(a, ast.Name | ast.Attribute)]


def _bound(program: Program, holder: Scope, name: str, depth: int) -> str:
    names = {_binding(program, binding, holder, depth) for binding in holder.bindings[name]}
    # What has another origin too is judged by that one.
    return names.pop() if len(names) == 1 else ""


def _binding(program: Program, binding: Binding, holder: Scope, depth: int) -> str:
    module = holder.module
    if binding.kind == "from" and isinstance(binding.node, ast.alias):
        statement = module.parent(binding.node)
        assert isinstance(statement, ast.ImportFrom)
        target = program.modules.resolve(module, statement.module or "", statement.level)
        if target is not None:
            return _bound(program, target.scope, binding.node.name, depth + 1)
        full = f"{statement.module}.{binding.node.name}"
        return "" if is_library(full) else full
    if binding.kind == "import" and isinstance(binding.node, ast.alias):
        full = binding.node.name
        local = program.modules.resolve(module, full) is not None
        return "" if local or is_library(full) else full
    if binding.kind in ("assign", "annotated", "with") and binding.part is not None:
        return stranger(program, binding.part, module, depth + 1)
    return ""
