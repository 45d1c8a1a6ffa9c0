"""The decisions of the flip: what waits, what becomes async, what stays and why."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

from codemods.config import Options
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.cases import hook_obstacle, is_cleanup
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import FunctionValue
from codemods.passes.async_session.colour.beside import sharing
from codemods.passes.async_session.colour.boundaries import Boundaries, Bridge, callers
from codemods.passes.async_session.colour.decorators import takes_both
from codemods.passes.async_session.colour.escapes import escapes
from codemods.passes.async_session.colour.hidden import Hidden, hidden
from codemods.passes.async_session.colour.indirect import Indirect
from codemods.passes.async_session.colour.islands import islands
from codemods.passes.async_session.colour.lookups import looked_up
from codemods.passes.async_session.colour.members import Members
from codemods.passes.async_session.colour.mocked import is_mocked
from codemods.passes.async_session.colour.obstacles import consumption_obstacle, site_obstacle
from codemods.passes.async_session.colour.own_loops import OwnLoop, OwnLoops
from codemods.passes.async_session.colour.threads import Leaving
from codemods.passes.async_session.colour.validated import Validation, validations
from codemods.passes.async_session.sessions import tables
from codemods.passes.async_session.sessions.clients import Clients
from codemods.passes.async_session.sessions.factories import Factories
from codemods.passes.async_session.sessions.handovers import Handovers
from codemods.passes.async_session.sessions.kept import kept
from codemods.passes.async_session.sessions.listening import within_listeners
from codemods.passes.async_session.sessions.origins import without_origin
from codemods.passes.async_session.sessions.providers import Alias, Providers
from codemods.passes.async_session.sessions.silenced import silenced
from codemods.passes.async_session.sessions.sites import AWAIT, CREATE, DDL, ENTER, Site, Sites
from codemods.passes.async_session.sessions.strangers import given_by_strangers
from codemods.passes.async_session.sessions.undriven import Undriven
from codemods.plan.climb import Cause, Climb, Framework, is_main_block
from codemods.plan.colours import Colouring
from codemods.plan.constructors import Constructors
from codemods.plan.lambdas import Lambdas
from codemods.plan.managers import Managers
from codemods.plan.properties import Properties


@dataclass
class Analysis:
    """Everything that the edits need to know."""

    program: Program
    options: Options
    sites: list[Site]
    colours: Colouring
    clients: Clients
    factories: Factories
    leaving: Leaving
    bridges: list[Bridge] = field(default_factory=list)
    items: dict[ast.expr, Module] = field(default_factory=dict)
    twins: dict[Function, list[Reference]] = field(default_factory=dict)
    undriven: dict[ast.Call, str] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)
    keeping: set[Function] = field(default_factory=set)
    validations: list[Validation] = field(default_factory=list)
    own_loops: list[OwnLoop] = field(default_factory=list)
    #: What uses a session that outlives the request, and all that calls it: for one at a time.
    single: set[Function] = field(default_factory=set)
    #: Functions that open sessions for jobs, and those that hand out sessions to anybody.
    unpooled: set[Function] = field(default_factory=set)
    providers: set[Function] = field(default_factory=set)
    #: What works with the sync form within an async session or connection.
    within_listeners: list[Site] = field(default_factory=list)

    @property
    def awaited(self) -> set[ast.AST]:
        """The expressions that get an ``await``."""
        return _awaited(self.sites, self.colours, self.bridges)

    @cached_property
    def run_as_they_are(self) -> set[ast.AST]:
        """The calls that ``asyncio.run`` runs where they stand."""
        return {own.call for own in self.own_loops if own.call is not None}

    @cached_property
    def entries(self) -> set[Function]:
        """The functions that wait on an event loop of their own."""
        return {own.entry.function for own in self.own_loops}

    @cached_property
    def bridged(self) -> set[Function]:
        """The sync functions that run within ``run_sync`` or a thread, and nowhere else."""
        return self._only_reached_by({bridge.callee for bridge in self.bridges})

    @cached_property
    def pooled(self) -> set[Function]:
        """Those of ``bridged`` that only threads run: they open the sessions that they use."""
        given = {bridge.callee for bridge in self.bridges if bridge.session is not None}
        return self.bridged - self._only_reached_by(given)

    def _only_reached_by(self, found: set[Function]) -> set[Function]:
        """Some sync functions, and those that nothing else calls."""
        found = set(found)
        changed = True
        while changed:
            more = {
                function
                for function in self.colours.sync
                if function not in found
                and (calls := self.colours.callers_of(function))
                and all(call.caller in found for call in calls)
            }
            found |= more
            changed = bool(more)
        return found

    def is_async(self, function: Function | None) -> bool:
        """Whether ``function`` is one that waits natively after the flip."""
        return function is not None and function in self.colours.asynchronous

    def is_coroutine(self, function: Function) -> bool:
        """Whether ``function`` is an ``async def`` because of the flip: not so an entry."""
        return self.is_async(function) and function not in self.entries

    def flips(self, site: Site) -> bool:
        """Whether a site gets its async form."""
        if site.function is None:
            return False
        return site.function in self.colours.asynchronous


def analyse(program: Program, options: Options) -> Analysis:
    """Decide the colour of every function of a program."""
    undriven = Undriven(program, options)
    sites = [
        site
        for site in Sites(program).all
        if not _stays(site, program) and not (site.function is None and undriven.why(site))
    ]
    listening = within_listeners(program, sites)
    sites = [site for site in sites if site not in listening]
    clients = Clients(program)
    factories = Factories(program)
    closed = silenced(program, options, sites)
    for function, cause in undriven.functions(sites).items():
        closed.setdefault(function, cause)
    for site in sites:
        obstacle = site_obstacle(site, program)
        if obstacle and site.function is not None:
            closed.setdefault(site.function, Cause(obstacle))
    for module in program.modules:
        if is_migration(module):
            for function in module.functions.values():
                closed[function] = Cause("belongs to Alembic, which stays sync")
        elif not program.codebase.editable(module.path):
            why = "is to be left alone"
            if module.path not in program.codebase.frozen:
                why = f"is outside of {program.codebase.target}"
            for function in module.functions.values():
                closed[function] = Cause(f"is in {module.path}, which {why}")
    providers = Providers(program, sites)
    own = [m for m in program.modules if not is_migration(m) and not program.web.in_tests(m)]
    handovers = Handovers(program)
    escaping = escapes(program, own, handovers)
    validated = list(validations(program, options, sites, list(handovers.all.values())))
    for handover in handovers.all.values():
        for function in handover.reached:
            cause = Cause(f"is reached by {handover.place}, which hands on a sync session")
            closed.setdefault(function, cause)
    by_name = looked_up(program)
    reading = hidden(program, options, sites, validated)
    indirect = Indirect(program, by_name)
    handed = list(indirect.given_sessions())
    outliving = kept(program, sites)
    strange = given_by_strangers(program, sites)
    own_loops = OwnLoops(program, sites, providers.all)
    for function, cause in own_loops.closed.items():
        closed.setdefault(function, cause)
    named = {f: c for f, c in by_name.causes.items() if not own_loops.is_named(f)}
    for known_to_stay in (outliving, escaping, named, strange, reading):
        for function, cause in known_to_stay.items():
            closed.setdefault(function, cause)
    framework = Framework(
        decorator=lambda f, d: tolerates(program, f, d),
        # The code stays the same from round to round, and so do these answers.
        registration=cache(lambda r: registers(program, r)),
        entry=cache(lambda f: sync_entry(program, f)),
        consumption=cache(lambda f, c, m: consumption_obstacle(program, f, c, m)),
        properties=Properties(program),
        lambdas=Lambdas(program),
        managers=Managers(program),
        constructors=Constructors(program),
        twofold=providers.twofold,
        alone=own_loops.has,
    )
    entered: set[ast.expr] = {made.call for made in clients.made}
    opening = {site.function for site in sites if site.kind == CREATE}
    members = Members(program, opening, {made.node for made in validated})
    for function, cause in members.closed.items():
        closed.setdefault(function, cause)
    lazily = Hidden(program, members.closed | reading, sites)
    boundaries = Boundaries(
        program, sites, entered, providers, lazily, handovers, validated, outliving
    )
    leaving = Leaving(program, own_loops.has)
    passing: dict[Function, Cause] = {}
    earlier: dict[Function, Cause] = {}
    climb: Climb | None = None
    while True:
        waiting: dict[Function, Cause] = dict(passing)
        for site in sites:
            if site.function is not None:
                waiting.setdefault(site.function, Cause(_why(site)))
        for function, cause in (*escaping.items(), *reading.items()):
            waiting.setdefault(function, cause)
        for handover in handovers.all.values():
            waiting.setdefault(handover.function, Cause(f"hands its session to {handover.place}"))
        for made in validated:
            where = f"{made.module.path}:{made.node.lineno}"
            cause = Cause(f"reads what can load in {where}")
            waiting.setdefault(made.function, cause)
        for call, module, _, callee in handed:
            holder = module.function_of(call)
            if holder is not None:
                waiting.setdefault(holder, Cause(f"hands its session to {callee.qualname}"))
        for use in clients.calls:
            if use.function is not None:
                waiting.setdefault(use.function, Cause("uses a client that is async now"))
        for creation in factories.creations:
            waiting.setdefault(creation.function, Cause(creation.why))
        if climb is None or climb.waiting.keys() != waiting.keys() or not climb.closing(closed):
            climb = Climb(program, waiting, closed, framework)
        colours = Colouring(climb, earlier)
        earlier = colours.sync
        more = boundaries.conflicts(colours) or members.conflicts(colours)
        more |= {
            f: c
            for f, c in islands(program, sites, colours, own_loops.has).items()
            if f not in more
        }
        more = more or without_origin(program, sites, colours) or indirect.conflicts(colours)
        more = more or sharing(program, colours) or leaving.conflicts(colours, boundaries.bridges)
        awaited = _awaited(sites, colours, boundaries.bridges)
        more = more or own_loops.conflicts(colours, awaited)
        if not more and factories.settle(colours):
            continue
        if not more:
            entries = own_loops.found(colours, awaited)
            return Analysis(
                program,
                options,
                sites,
                colours,
                clients,
                factories,
                leaving,
                [*boundaries.bridges, *_handed(handed, colours)],
                boundaries.async_items(colours),
                providers.twins(colours),
                undriven.engines,
                providers.aliases(colours),
                boundaries.keeping,
                validated,
                entries,
                callers(colours, outliving),
                own_loops.unpooled(entries) & colours.asynchronous.keys(),
                providers.all & colours.asynchronous.keys(),
                listening,
            )
        closed |= more
        known_ones = colours.sync | colours.asynchronous
        passing |= {f: cause for f, cause in more.items() if f not in known_ones}


def _awaited(sites: list[Site], colours: Colouring, bridges: list[Bridge]) -> set[ast.AST]:
    found: set[ast.AST] = {awaited.call for awaited in colours.calls}
    found |= {bridge.call for bridge in bridges}
    return found | {site.node for site in sites if site.function in colours.asynchronous}


def _handed(
    handed: list[tuple[ast.Call, Module, ast.expr, Function]], colours: Colouring
) -> Iterator[Bridge]:
    """Calls of something sync by async tests, which give it their session."""
    for call, module, session, callee in handed:
        if module.function_of(call) in colours.asynchronous:
            yield Bridge(call, module, callee, session)


def _why(site: Site) -> str:
    where = f"{site.module.path}:{site.line}"
    if site.kind == CREATE:
        return f"opens a session in {where}"
    return f"awaits {ast.unparse(_called(site))} in {where}"


def _called(site: Site) -> ast.expr:
    return site.node.func


def _stays(site: Site, program: Program) -> bool:
    """Sites that are no business of the flip."""
    if is_migration(site.module):
        return True
    return site.kind == CREATE and site.owner not in (known.SESSION,)


# -- what the surroundings accept ----------------------------------------------------------------


def tolerates(program: Program, function: Function, decorator: ast.expr) -> bool:
    """Whether a decorator takes a coroutine function as well as a plain one."""
    module = function.module
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = program.outside_name(called, module)
    if name in tables.TOLERANT_DECORATORS or name.startswith("pytest.mark"):
        return True
    if name in tables.SCHEDULING:
        return _schedules_on_loop(program)
    if name.startswith("unittest.mock.patch"):
        return True
    if isinstance(called, ast.Attribute) and called.attr in tables.TOLERANT_REGISTRATIONS:
        if called.attr == "middleware":
            return True
        return program.web.is_application(called.value, module)
    return takes_both(program, decorator, module)


def _schedules_on_loop(program: Program) -> bool:
    """Whether ``AsyncIOScheduler`` has no executors but its own, which runs coroutines."""
    return all(
        module.identifiers.isdisjoint(tables.OTHER_EXECUTORS)
        for module in program.modules.mentioning((tables.LOOP_SCHEDULER.rpartition(".")[2],))
    )


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
    if name in tables.SCHEDULING:
        return _schedules_on_loop(program)
    if is_cleanup(program, reference) or is_mocked(program, node, holder, module):
        return True
    if isinstance(holder.func, ast.Attribute):
        if holder.func.attr == "add_task":
            return True
        if holder.func.attr in tables.TOLERANT_REGISTRATIONS:
            return program.web.is_application(holder.func.value, module)
    return False


def sync_entry(program: Program, function: Function) -> str:
    """Why a function is called by something sync that is not in the code base, or ""."""
    if why := hook_obstacle(program, function):
        return why
    if function.is_method and not _safe_method(program, function):
        assert isinstance(function.parent, Class)
        return f"is a method of {function.parent.name}, whose outside base class may call it"
    made = program.inference.returned(function)
    if not program.web.is_pytest(function) and program.instances(made, known.FASTAPI):
        return "makes the application: servers call it and do not await it"
    return ""


_PLAIN_BASES = (
    *known.PLAIN_BASES,
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
