"""Where sessions come from: an async function needs one that is made async.

A name of a module that holds a factory can be kept in both colours (``holders``), also where a
function that does nothing else makes it (``makers``). Any other factory that a function makes has
one colour: what stays sync keeps it sync.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import External
from codemods.passes.async_session.sessions.attributes import (
    bindings_of,
    declares,
    home_of,
    is_followed,
)
from codemods.passes.async_session.sessions.import_time import moves
from codemods.passes.async_session.sessions.makers import ENGINE_WORDS, ENGINES, MAKERS, maker
from codemods.passes.async_session.sessions.sites import CREATE, DDL, Site
from codemods.plan.climb import Cause
from codemods.plan.colours import Colouring


def without_origin(
    program: Program, sites: list[Site], colours: Colouring
) -> dict[Function, Cause]:
    """The async functions that would never get an async session, or take one from sync code."""
    own = [
        site
        for site in sites
        if site.kind == CREATE
        and site.function is not None
        and not program.web.in_tests(site.module)
    ]
    if own and not any(_opens(site, colours) for site in own):
        stuck = next((s.function for s in own if s.function in colours.sync), None)
        cause = Cause("gets no async session: all that open one stay sync", stuck)
        return {f: cause for f in colours.asynchronous if not f.is_async or _waits(f, sites)}
    own += _of_engines(program, sites)
    own = [site for site in own if not _is_lent(program, site)]
    single = [site for site in own if not has_holder(program, site)]
    if makes_engines(program):
        # An engine that a function makes has one colour too, whoever holds what it returns.
        single = own
    stays = next((s for s in single if s.function in colours.sync), None)
    stays = stays or next((s for s in sites if _imports(program, s, sites, colours)), None)
    if stays is None:
        return {}
    cause = _shared(stays)
    return {
        site.function: cause
        for site in single
        if site.function is not None and site.function in colours.asynchronous
    }


def _shared(stays: Site) -> Cause:
    """Why a function stays sync with what another place, which stays, makes or uses."""
    if stays.function is None:
        where = f"{stays.module.path}:{stays.line}, which runs while it is imported"
    else:
        where = f"{stays.function.qualname}, which stays sync"
    if stays.kind == CREATE:
        return Cause(f"opens a session where {where}, does, from one factory", stays.function)
    text = f"uses an engine that {where}, uses, and that no name of a module holds"
    return Cause(text, stays.function)


def _imports(program: Program, site: Site, sites: list[Site], colours: Colouring) -> bool:
    """Whether a module uses an engine or a factory for good while it is imported.

    DDL that moves into the lifespan is not for good. What has a name of a
    module is kept in both colours.
    """
    module = site.module
    if site.function is not None or program.web.in_tests(module) or is_migration(module):
        return False
    if has_holder(program, site) or _is_lent(program, site):
        return False
    if site.kind == DDL:
        return not moves(program, site, sites, colours.sync)
    entered = isinstance(module.parent(site.node), ast.withitem)
    return site.owner == known.ENGINE or (site.kind == CREATE and entered)


def _of_engines(program: Program, sites: list[Site]) -> Iterator[Site]:
    """What functions of the application do with an engine itself: tables, connections."""
    for site in sites:
        if site.function is None or program.web.in_tests(site.module):
            continue
        if site.kind == DDL or site.owner == known.ENGINE:
            yield site


def _is_lent(program: Program, site: Site) -> bool:
    """Whether something is done on a connection that its function got: no factory has a part."""
    return any(program.is_a(node, site.module, known.CONNECTION) for node in site.given)


def makes_engines(program: Program) -> bool:
    """Whether a function of the application makes an engine for others."""
    return any(
        function is not None
        and not program.web.in_tests(module)
        and program.outside_name(call.func, module) in ENGINES
        and program.instances(program.inference.returned(function), known.ENGINE)
        and not any(
            reference.call is not None and maker(program, reference.call, reference.module)
            for reference in program.calls.references(function)
        )
        for module in program.modules.mentioning(ENGINE_WORDS)
        for word in ENGINE_WORDS
        for call in module.syntax.calls.get(word, ())
        for function in (module.function_of(call),)
    )


def _opens(site: Site, colours: Colouring) -> bool:
    """Whether a place opens an async session: what nothing decided on follows the application."""
    return site.function is None or site.function not in colours.sync


def _waits(function: Function, sites: list[Site]) -> bool:
    return any(site.function is function for site in sites)


def has_holder(program: Program, site: Site) -> bool:
    """Whether a site has its engine or factory from a name of a module."""
    called = (site.node.func,) if site.kind == CREATE else ()
    return any(is_holder(program, node, site.module) for node in (*called, *site.given))


def is_holder(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether an expression is a name that a call of SQLAlchemy's is bound to.

    It is one of a module, or that of an attribute all of whose readers are known.
    """
    home = home_of(program, node, module)
    if home is None:
        return False
    scope, name = home
    if isinstance(scope, Function):
        return _is_passed(program, scope, name)
    if isinstance(scope, Class):
        return is_kept(program, scope, name)
    if not scope.is_module:
        return False
    bindings = scope.bindings.get(name, ())
    if len(bindings) == 1 and isinstance(bindings[0].value, ast.Name | ast.Attribute):
        # ``DB = SessionLocal``
        alias = bindings[0].value
        return program.home(alias, scope.module) != home and is_holder(program, alias, scope.module)
    return any(
        isinstance(binding.value, ast.Call)
        and maker(program, binding.value, scope.module) is not None
        for binding in bindings
    ) or any(
        isinstance(binding.value, ast.Call)
        and not binding.path
        and scope.module.function_of(binding.node) is None
        and _is_made(program, binding.value, scope.module)
        for binding in bindings
    )


def is_kept(program: Program, cls: Class, name: str) -> bool:
    """Whether an attribute holds an engine or a factory, and can be kept in both colours."""
    made = [binding for binding in bindings_of(cls, name) if not declares(binding)]
    return (
        len(made) == 1
        and isinstance(made[0].value, ast.Call)
        and not made[0].path
        and _is_made(program, made[0].value, cls.module)
        and is_followed(program, cls, name)
    )


def _is_made(program: Program, call: ast.Call, module: Module) -> bool:
    """Whether a call makes an engine, or a factory of such a name or of an engine of its own.

    What is made with an engine out of a table, or of an object, has the colour of that one.
    """
    kinds = {
        MAKERS.get(value.name, "")
        for value in program.infer(call.func, module)
        if isinstance(value, External)
    }
    if "engine" in kinds:
        return True
    bound = (*call.args[:1], *(k.value for k in call.keywords if k.arg == "bind"))
    return any(kinds) and all(
        _is_made(program, node, module)
        if isinstance(node, ast.Call)
        else _is_none(node) or is_holder(program, node, module)
        for node in bound
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_passed(program: Program, function: Function, name: str) -> bool:
    """Whether the application passes nothing but such names for a parameter."""
    argument = next((a for a in function.parameters if a.arg == name), None)
    if argument is None:
        return False
    passed = [
        (program.calls.argument(call, function, argument), module)
        for call, module in program.calls.calls_of(function)
        if not program.web.in_tests(module)
    ]
    return all(
        isinstance(node, ast.Name | ast.Attribute)
        and program.home(node, module) != (function, name)
        and is_holder(program, node, module)
        for node, module in passed
    )
