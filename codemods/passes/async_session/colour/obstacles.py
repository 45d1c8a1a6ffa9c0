"""What has no async form where it stands: sites, calls in lazy places, odd consumers, locks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import Enum

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.passes.async_session.sessions import tables
from codemods.passes.async_session.sessions.sites import BRIDGE, CREATE, STREAM, Site
from codemods.passes.async_session.sessions.streams import stream_obstacle
from codemods.plan.places import consumed, place_obstacle


def site_obstacle(site: Site, program: Program) -> str:
    """Why a site can't be written in its async form, or ""."""
    module, node = site.module, site.node
    where = f"{module.path}:{node.lineno}"
    if site.function is not None and any(
        isinstance(y, ast.YieldFrom) and not isinstance(module.parent(y), ast.Expr)
        for y in site.function.yields
    ):
        return f"uses the value of a `yield from` in {where}"
    if why := place_obstacle(program, node, module):
        return f"talks to the database {why}"
    if own := _own_session_class(site, program):
        return f"uses {own}, a session class of the application, in {where}"
    if site.kind == STREAM and isinstance(node, ast.Call):
        return stream_obstacle(program, node, module)
    if site.kind == BRIDGE and isinstance(node, ast.Call):
        top = chain_top(node, module)
        if site.method == "query" and (terminal(top) is None or top is node):
            return f"builds a legacy Query in {where}"
    return ""


def _own_session_class(site: Site, program: Program) -> str:
    """The class of a site's session, if the application derives one of its own: that stays sync."""
    session = site.node if site.kind == CREATE else site.node.func
    if isinstance(session, ast.Attribute):
        session = session.value
    for found in program.instances(program.infer(session, site.module), known.SESSION):
        if isinstance(found.cls, Class):
            return found.cls.name
    return ""


def chain_top(call: ast.Call, module: Module) -> ast.Call:
    """The outermost call of the chain of methods that begins with ``call``."""
    top = call
    while True:
        parent = module.parent(top)
        if not isinstance(parent, ast.Attribute):
            return top
        outer = module.parent(parent)
        if not isinstance(outer, ast.Call) or outer.func is not parent:
            return top
        top = outer


def terminal(call: ast.Call) -> str | None:
    """The method with which a chain of Query ends, if that method runs the query."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in known.QUERY_TERMINALS:
        return call.func.attr
    return None


# -- generators ----------------------------------------------------------------------------------


class Consumer(Enum):
    """What takes the items of a generator; each has an async form of its own."""

    WITH = "with"
    FOR = "for"
    COMPREHENSION = "comprehension"
    DELEGATION = "yield from"
    LIST = "list"
    ALL = "all at once"
    NEXT = "next"


def consumer(
    program: Program, function: Function, call: ast.Call, module: Module
) -> Consumer | None:
    """How the generator that ``call`` makes is consumed; None where that has no async form."""
    parent = module.parent(call)
    if isinstance(parent, ast.withitem):
        return Consumer.WITH
    if program.decorated(function, known.MANAGER):
        return None
    match parent:
        case ast.For() if parent.iter is call:
            return None if cleans_up(function) and leaves(parent) else Consumer.FOR
        case ast.comprehension() if parent.iter is call:
            holder = module.parent(parent)
            if isinstance(holder, ast.GeneratorExp) and not consumed(holder, module, program):
                return None
            return Consumer.COMPREHENSION
        case ast.YieldFrom() if isinstance(module.parent(parent), ast.Expr):
            return Consumer.DELEGATION
        case ast.Call(func=called, args=[first, *others]) if first is call:
            name = program.outside_name(called, module)
            if name == "builtins.list" and not others and not parent.keywords:
                return Consumer.LIST
            if name == "builtins.next" and not parent.keywords:
                return Consumer.NEXT if _can_step(program, function, parent, module) else None
    return Consumer.ALL if consumed(call, module, program) else None


def cleans_up(function: Function) -> bool:
    """Whether a generator has something to do when its consumer gives it up."""
    return any(
        isinstance(parent, ast.With | ast.AsyncWith | ast.Try)
        for given in function.yields
        for parent in _within(given, function)
    )


def _within(node: ast.AST, function: Function) -> Iterator[ast.AST]:
    """The nodes around ``node`` that belong to ``function``, innermost first."""
    for parent in function.module.ancestors(node):
        if parent is function.definition:
            return
        yield parent


def leaves(loop: ast.For) -> bool:
    """Whether a loop may end before what it loops over."""
    return any(
        isinstance(node, ast.Break | ast.Return)
        for statement in loop.body
        for node in ast.walk(statement)
    )


def _can_step(program: Program, function: Function, call: ast.Call, module: Module) -> bool:
    """Whether ``await anext(...)`` does what ``next(...)`` did."""
    if cleans_up(function) or (len(call.args) == 1 and "StopIteration" in module.identifiers):
        return False
    declared = program.versions.declared(module.path)
    return declared.python_at_least("3.10") is not False


def consumption_obstacle(
    program: Program, function: Function, call: ast.expr, module: Module
) -> str:
    """Why a call or read has no async form where it stands, once its function is async, or ""."""
    where = f"{module.path}:{call.lineno}"
    if why := place_obstacle(program, call, module):
        return f"calls {function.name} {why}"
    if not isinstance(call, ast.Call) or not function.is_generator:
        return ""
    if consumer(program, function, call, module) is not None:
        return ""
    if program.decorated(function, known.MANAGER):
        return f"uses {function.name} without a with statement in {where}"
    parent = module.parent(call)
    what = ast.unparse(parent) if parent is not None else "something"
    return f"consumes the generator {function.name} with `{what}` in {where}"


# -- with statements -----------------------------------------------------------------------------


def may_be_nested(program: Program, item: ast.withitem, module: Module) -> bool:
    """Whether a sync context manager can be entered in a ``with`` of its own among async ones."""
    node = item.context_expr
    called = node.func if isinstance(node, ast.Call) else node
    name = program.outside_name(called, module)
    return name in tables.SYNC_CONTEXTS or name.startswith(tables.SYNC_CONTEXT_MODULES)
