"""The decisions of the flip: what waits, what becomes async, what stays and why."""

from __future__ import annotations

import ast
import importlib
import sys
from dataclasses import dataclass, field

from codemods.config import Options
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import External, FunctionValue, Instance
from codemods.passes.async_session import tables
from codemods.passes.async_session.clients import Clients
from codemods.passes.async_session.escapes import escapes
from codemods.passes.async_session.lookups import looked_up
from codemods.passes.async_session.islands import islands
from codemods.passes.async_session.sites import (
    AWAIT,
    BRIDGE,
    CREATE,
    DDL,
    ENTER,
    Site,
    Sites,
    receiver_class,
)
from codemods.plan.colours import Cause, Colouring, Framework, is_main_block
from codemods.plan.flows import Flows, Node


@dataclass(frozen=True)
class Bridge:
    """A call of a function that stays sync, from one that is async.

    ``session`` is the argument that is the session there: the call goes through its ``run_sync``.
    Without one the function opens a sync session of its own, and the call goes to a thread.
    """

    call: ast.Call
    module: Module
    callee: Function
    session: ast.expr | None


@dataclass
class Analysis:
    """Everything that the edits need to know."""

    program: Program
    options: Options
    sites: list[Site]
    colours: Colouring
    clients: Clients
    bridges: list[Bridge] = field(default_factory=list)

    def is_async(self, function: Function | None) -> bool:
        """Whether ``function`` is one that waits natively after the flip."""
        return function is not None and function in self.colours.asynchronous

    def flips(self, site: Site) -> bool:
        """Whether a site gets its async form."""
        if site.function is None:
            return False
        return site.function in self.colours.asynchronous


def analyse(program: Program, options: Options) -> Analysis:
    """Decide the colour of every function of a program."""
    sites = [site for site in Sites(program).all if not _stays(site, program)]
    clients = Clients(program)
    closed: dict[Function, Cause] = {}
    for site in sites:
        obstacle = site_obstacle(site, program)
        if obstacle and site.function is not None:
            closed.setdefault(site.function, Cause(obstacle))
    for module in program.modules:
        if is_migration(module):
            for function in module.functions.values():
                closed[function] = Cause("belongs to Alembic, which stays sync")
    own = [m for m in program.modules if not is_migration(m) and not program.web.in_tests(m)]
    escaping = escapes(program, own)
    for function, cause in (*escaping.items(), *looked_up(program).items()):
        closed.setdefault(function, cause)
    framework = Framework(
        decorator=lambda f, d: tolerates(program, f, d),
        registration=lambda r: registers(program, r),
        entry=lambda f: sync_entry(program, f),
        consumption=lambda f, c, m: consumption_obstacle(program, f, c, m),
    )
    while True:
        waiting: dict[Function, Cause] = {}
        for site in sites:
            if site.function is not None:
                waiting.setdefault(site.function, Cause(_why(site)))
        for function, cause in escaping.items():
            waiting.setdefault(function, cause)
        for call in clients.calls:
            if call.function is not None:
                waiting.setdefault(call.function, Cause("uses a client that is async now"))
        colours = Colouring(program, waiting, closed, framework)
        more, bridges = _boundaries(program, colours)
        more |= _conflicts(program, sites, colours, bridges)
        more |= {f: c for f, c in islands(program, sites, colours).items() if f not in more}
        if not more:
            return Analysis(program, options, sites, colours, clients, bridges)
        closed |= more


def _why(site: Site) -> str:
    where = f"{site.module.path}:{site.line}"
    if site.kind == CREATE:
        return f"opens a session in {where}"
    return f"awaits {ast.unparse(_called(site))} in {where}"


def _called(site: Site) -> ast.expr:
    assert isinstance(site.node, ast.Call)
    return site.node.func


def _stays(site: Site, program: Program) -> bool:
    """Sites that are no business of the flip."""
    if is_migration(site.module):
        return True
    return site.kind == CREATE and site.owner not in (known.SESSION,)


def is_migration(module: Module) -> bool:
    """Whether a module belongs to Alembic: its ``env.py`` or a version."""
    return "alembic" in module.identifiers and (
        module.path.endswith("/env.py")
        or module.path == "env.py"
        or "/versions/" in f"/{module.path}"
        or {"revision", "down_revision"} <= module.identifiers
    )


def site_obstacle(site: Site, program: Program) -> str:
    """Why a site can't be written in its async form, or ""."""
    module, node = site.module, site.node
    where = f"{module.path}:{node.lineno}"
    item = module.parent(node)
    if isinstance(item, ast.withitem):
        statement = module.parent(item)
        if isinstance(statement, ast.With) and not _all_async(program, statement, module):
            return f"enters a session together with something sync in {where}"
    if site.function is not None and any(
        isinstance(y, ast.YieldFrom) and not isinstance(module.parent(y), ast.Expr)
        for y in site.function.yields
    ):
        return f"uses the value of a `yield from` in {where}"
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Lambda):
            return f"talks to the database in a lambda in {where}"
        if isinstance(parent, ast.GeneratorExp) and child is not parent.generators[0]:
            if not consumed(parent, module, program):
                return f"talks to the database in a generator expression in {where}"
        if isinstance(parent, ast.stmt):
            break
        child = parent
    if site.kind == BRIDGE and isinstance(node, ast.Call):
        top = chain_top(node, module)
        if isinstance(module.parent(top), ast.Assign | ast.Return) and top is node:
            if site.method == "query":
                return f"builds a legacy Query in {where}"
        if site.method == "query" and terminal(top) is None:
            return f"builds a legacy Query in {where}"
    return ""


def consumed(node: ast.GeneratorExp, module: Module, program: Program) -> bool:
    """Whether a generator expression is used up at once by a function of the standard library."""
    parent = module.parent(node)
    if not isinstance(parent, ast.Call) or node not in parent.args[:1]:
        return False
    if isinstance(parent.func, ast.Attribute) and parent.func.attr == "join":
        return True
    return any(
        isinstance(v, External) and v.name in tables.CONSUMERS
        for v in program.infer(parent.func, module)
    )


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


def _boundaries(program: Program, colours: Colouring) -> tuple[dict[Function, Cause], list[Bridge]]:
    """Where async functions call sync ones: bridges, and callers that have to stay sync."""
    bridges: list[Bridge] = []
    closed: dict[Function, Cause] = {}
    for callee, cause in colours.sync.items():
        for awaited in colours.callers_of(callee):
            if awaited.caller is None or awaited.caller not in colours.asynchronous:
                continue
            session = session_argument(program, awaited.call, callee, awaited.module)
            lazy = callee.is_generator or not _bridgeable(awaited.call, awaited.module)
            if not lazy and (session is not None or _opens_its_own(program, callee)):
                bridges.append(Bridge(awaited.call, awaited.module, callee, session))
            else:
                closed[awaited.caller] = Cause(
                    f"calls {callee.qualname}, which {cause.text}", callee
                )
    return closed, bridges


def _bridgeable(call: ast.Call, module: Module) -> bool:
    """Whether an await can stand where a call stands."""
    for parent in module.ancestors(call):
        if isinstance(parent, ast.Lambda | ast.GeneratorExp):
            return False
        if isinstance(parent, ast.stmt):
            return True
    return True


def _opens_its_own(program: Program, function: Function) -> bool:
    """Whether a function gets no session from outside: it opens the ones that it uses."""
    if function.is_method:
        return False
    return not any(
        program.instances(program.parameter(function, argument), known.SESSION)
        for argument in function.parameters
    )


def _conflicts(
    program: Program, sites: list[Site], colours: Colouring, bridges: list[Bridge]
) -> dict[Function, Cause]:
    """Functions that share a session with one that stays sync, and so have to stay sync too."""
    if not colours.sync:
        return {}
    cut = frozenset(bridge.call for bridge in bridges)
    flows = Flows(program, lambda node, module: _is_session(program, node, module), cut)
    users: dict[Node, list[Function]] = {}
    for site in sites:
        if site.function is None:
            continue
        assert isinstance(site.node, ast.Call)
        receiver = site.node if site.kind == CREATE else _called(site)
        if isinstance(receiver, ast.Attribute) and site.kind != CREATE:
            receiver = receiver.value
        for root in flows.of(receiver, site.module):
            users.setdefault(root, []).append(site.function)
    for function in colours.sync:
        for argument in function.parameters:
            if program.instances(program.parameter(function, argument), known.SESSION):
                for root in flows.of_parameter(function, argument.arg):
                    users.setdefault(root, []).append(function)
    for bridge in bridges:
        caller = bridge.module.function_of(bridge.call)
        if bridge.session is not None and caller is not None:
            for root in flows.of(bridge.session, bridge.module):
                users.setdefault(root, []).append(caller)
    closed: dict[Function, Cause] = {}
    for found in users.values():
        stuck = next((f for f in found if f in colours.sync), None)
        if stuck is None:
            continue
        for function in found:
            if function in colours.asynchronous:
                closed.setdefault(
                    function,
                    Cause(f"shares its session with {stuck.qualname}, which stays sync", stuck),
                )
    return closed


def _is_session(program: Program, node: ast.expr, module: Module) -> bool:
    return program.is_a(node, module, known.SESSION)


def session_argument(
    program: Program, call: ast.Call, callee: Function, module: Module
) -> ast.expr | None:
    """The argument of ``call`` that is a session, where ``callee`` takes one."""
    found = [
        argument
        for argument in (*call.args, *(k.value for k in call.keywords))
        if any(
            isinstance(v, Instance) and program.is_subclass(v.cls, known.SESSION)
            for v in program.infer(argument, module)
        )
    ]
    if len(found) != 1 or not isinstance(found[0], ast.Name | ast.Attribute):
        return None
    return found[0]


def consumption_obstacle(
    program: Program, function: Function, call: ast.Call, module: Module
) -> str:
    """Why what a call gives can't be consumed once the function is async, or ""."""
    where = f"{module.path}:{call.lineno}"
    parent = module.parent(call)
    if isinstance(parent, ast.withitem):
        statement = module.parent(parent)
        if isinstance(statement, ast.With) and not _all_async(program, statement, module):
            return f"is entered together with something sync in {where}"
        return ""
    if not function.is_generator:
        return ""
    if program.decorated(function, "contextlib.contextmanager"):
        return f"is a context manager that is not entered by a with statement in {where}"
    if isinstance(parent, ast.For | ast.comprehension) and parent.iter is call:
        return ""
    if isinstance(parent, ast.YieldFrom) and isinstance(module.parent(parent), ast.Expr):
        return ""
    return f"is a generator that {ast.unparse(parent) if parent else 'something'} consumes in {where}"


def _all_async(program: Program, statement: ast.With, module: Module) -> bool:
    """Whether every item of a with statement has an async form."""
    for item in statement.items:
        node = item.context_expr
        if receiver_class(program, node, module):
            continue
        if isinstance(node, ast.Call):
            if program.called_functions(node, module):
                continue
            if isinstance(node.func, ast.Attribute) and receiver_class(
                program, node.func.value, module
            ):
                continue
            if program.is_a(node.func, module, known.SESSIONMAKER):
                continue
        return False
    return True


# -- what the surroundings accept ----------------------------------------------------------------


def tolerates(program: Program, function: Function, decorator: ast.expr) -> bool:
    """Whether a decorator takes a coroutine function as well as a plain one."""
    module = function.module
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = program.outside_name(called, module)
    if name in tables.TOLERANT_DECORATORS or name.startswith("pytest.mark"):
        return True
    if name.startswith("unittest.mock.patch"):
        return True
    if isinstance(called, ast.Attribute) and called.attr in tables.TOLERANT_REGISTRATIONS:
        if called.attr == "middleware":
            return True
        return program.web.is_application(called.value, module)
    return False


def registers(program: Program, reference: Reference) -> bool:
    """Whether a reference hands the function to something that takes either colour."""
    module, node = reference.module, reference.node
    parent = module.parent(node)
    holder: ast.AST | None = parent
    if isinstance(parent, ast.keyword):
        holder = module.parent(parent)
    if not isinstance(holder, ast.Call) or holder.func is node:
        return False
    if isinstance(holder.func, ast.Call) and isinstance(holder.func.func, ast.Attribute):
        # ``router.get("/")(function)``: the decorator, written as a call.
        method = holder.func.func
        return method.attr in tables.TOLERANT_REGISTRATIONS and program.web.is_application(
            method.value, module
        )
    name = program.outside_name(holder.func, module)
    if name in tables.TOLERANT_CALLS:
        return True
    if isinstance(holder.func, ast.Attribute):
        if holder.func.attr == "add_task":
            return True
        if holder.func.attr in tables.TOLERANT_REGISTRATIONS:
            return program.web.is_application(holder.func.value, module)
    return False


def sync_entry(program: Program, function: Function) -> str:
    """Why a function is called by something sync that is not in the code base, or ""."""
    if function.is_method and not _safe_method(program, function):
        assert isinstance(function.parent, Class)
        return f"is a method of {function.parent.name}, whose outside base class may call it"
    made = program.inference.returned(function)
    if not program.web.is_pytest(function) and program.instances(made, known.FASTAPI):
        return "makes the application: servers call it and do not await it"
    return ""


_PLAIN_BASES = (
    "builtins.object",
    "abc.ABC",
    "typing.Generic",
    "typing.Protocol",
    "typing_extensions.Protocol",
    "pydantic.BaseModel",
    "typing.NamedTuple",
    "enum.Enum",
    known.SQLMODEL,
    "sqlalchemy.orm.DeclarativeBase",
    "sqlalchemy.orm.MappedAsDataclass",
)


def _safe_method(program: Program, function: Function) -> bool:
    assert isinstance(function.parent, Class)
    outside = [base for base in program.mro(function.parent) if isinstance(base, str)]
    if all(base in _PLAIN_BASES for base in outside):
        return True
    return all(base in _PLAIN_BASES or not _may_know(base, function.name) for base in outside)


def _may_know(base: str, name: str) -> bool:
    """Whether an outside class may call a method of that name: what it has itself."""
    module, _, attribute = base.rpartition(".")
    if base.startswith(("pydantic", "sqlalchemy.orm", "unittest")):
        return False
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return True
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return True
    return hasattr(cls, name)


__all__ = ["AWAIT", "DDL", "ENTER", "FunctionValue", "analyse", "is_main_block"]
