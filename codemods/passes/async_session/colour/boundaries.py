"""Where the colours meet: bridges, and functions that can't keep theirs."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import Instance
from codemods.passes.async_session.colour.hidden import Hidden
from codemods.passes.async_session.colour.obstacles import chain_top, may_be_nested
from codemods.passes.async_session.colour.validated import Validation
from codemods.passes.async_session.sessions.handovers import Handovers
from codemods.passes.async_session.sessions.providers import Providers
from codemods.passes.async_session.sessions.sites import AWAIT, BRIDGE, CREATE, ENTER, STREAM, Site
from codemods.plan.climb import Cause, place
from codemods.plan.colours import Colouring
from codemods.plan.flows import Flows, Node
from codemods.plan.managers import is_manager
from codemods.plan.places import held_lock, place_obstacle


@dataclass(frozen=True)
class Bridge:
    """A call of a function that stays sync, from one that is async.

    ``session`` is the argument that is the session there, or a session that is at hand: the call
    goes through its ``run_sync``. Without one the function opens a sync session of its own, and the
    call goes to a thread.
    """

    call: ast.Call
    module: Module
    callee: Function
    session: ast.expr | None

    @property
    def in_lambda(self) -> bool:
        """Whether the call moves into a lambda, where nothing can be awaited."""
        return self.session is not None and self.call.args[:1] != [self.session]

    @property
    def is_given(self) -> bool:
        """Whether the session is an argument of the call."""
        return self.session in (*self.call.args, *(k.value for k in self.call.keywords))


class Boundaries:
    """Looks for places where a colouring does not hold. Each answer is what has to stay sync."""

    def __init__(
        self,
        program: Program,
        sites: list[Site],
        entered: set[ast.expr],
        providers: Providers,
        hidden: Hidden,
        handovers: Handovers,
        validations: list[Validation],
        outliving: Collection[Function],
    ) -> None:
        self.program = program
        self.sites = sites
        #: Calls that are async context managers for other reasons (clients of tests).
        self.entered = entered
        self.providers = providers
        self.hidden = hidden
        self.handovers = handovers
        self.validations = validations
        #: Functions that use a session of all requests: no thread may run them beside others.
        self.outliving = outliving
        self.bridges: list[Bridge] = []
        #: Functions of no colour that are given sessions which stay sync.
        self.keeping: set[Function] = set()

    def conflicts(self, colours: Colouring) -> dict[Function, Cause]:
        """The functions that have to stay sync as well; ``bridges`` holds where nothing does."""
        self.bridges = []
        return (
            self._across(colours)
            or self.hidden.handed(colours)
            or self._in_lambdas(colours)
            or self._entered_together(colours)
            or self._shared(colours)
        )

    # -- calls from one colour to the other --------------------------------------------------

    def _across(self, colours: Colouring) -> dict[Function, Cause]:
        closed: dict[Function, Cause] = {}
        locking = self._locking(colours)
        single = callers(colours, self.outliving)
        for callee, cause in colours.sync.items():
            for awaited in colours.callers_of(callee):
                caller, call, module = awaited.caller, awaited.call, awaited.module
                if caller is None or caller not in colours.asynchronous:
                    continue
                if not isinstance(call, ast.Call) or is_manager(callee):
                    verb = "enters" if is_manager(callee) else "reads"
                    text = f"{verb} {callee.qualname}, which {cause.text}"
                    closed.setdefault(caller, Cause(text, callee))
                    continue
                session = session_argument(self.program, call, module)
                possible = not (
                    callee.is_generator
                    or callee.is_async
                    or place_obstacle(self.program, call, module)
                    # A query that leaves run_sync would ask the database outside of it.
                    or self.program.is_a(call, module, known.QUERY)
                )
                reads = self.hidden.reads(callee, colours)
                if reads and session is None and not self.hidden.opens_its_own(callee):
                    session = self.hidden.session(call, module)
                    possible = possible and session is not None
                if session is not None:
                    possible = possible and callee not in locking
                else:
                    possible = possible and callee not in single and self._opens_its_own(callee)
                if possible:
                    self.bridges.append(Bridge(call, module, callee, session))
                else:
                    text = f"calls {callee.qualname}, which {cause.text}"
                    closed.setdefault(caller, Cause(text, callee))
        return closed | self._handed(colours, locking)

    def _handed(self, colours: Colouring, locking: set[Function]) -> dict[Function, Cause]:
        """Bridges for sessions that are handed to code that can't be followed from the call."""
        closed: dict[Function, Cause] = {}
        known_ones = {bridge.call for bridge in self.bridges}
        for call, handover in self.handovers.all.items():
            if handover.function not in colours.asynchronous or call in known_ones:
                continue
            module = handover.module
            if locking.isdisjoint(handover.reached) and not place_obstacle(
                self.program, call, module
            ):
                self.bridges += [
                    Bridge(call, module, reached, handover.session) for reached in handover.reached
                ]
            else:
                text = f"hands its session to {handover.place}"
                closed.setdefault(handover.function, Cause(text, handover.reached[0]))
        return closed

    def _opens_its_own(self, function: Function) -> bool:
        """Whether a function gets no session from outside: it opens the ones that it uses."""
        if function.is_method:
            return False
        return not any(
            self.program.instances(self.program.parameter(function, argument), known.SESSION)
            for argument in function.parameters
        )

    def _locking(self, colours: Colouring) -> set[Function]:
        """Sync functions that hold a lock while they wait: in run_sync they would stop the loop."""
        found: set[Function | None] = {
            site.function
            for site in self.sites
            if site.function in colours.sync and held_lock(self.program, site.node, site.module)
        }
        for callee in colours.sync:
            for awaited in colours.callers_of(callee):
                if held_lock(self.program, awaited.call, awaited.module):
                    found.add(awaited.caller)
        return callers(colours, (function for function in found if function is not None))

    def _in_lambdas(self, colours: Colouring) -> dict[Function, Cause]:
        """What moves into a lambda for ``run_sync`` must not hold anything that is awaited."""
        awaited = {call.call for call in colours.calls} | {b.call for b in self.bridges}
        awaited |= {
            site.node
            for site in self.sites
            if site.function in colours.asynchronous and isinstance(site.node, ast.Call)
        }
        moved = [(b.call, b.module) for b in self.bridges if b.in_lambda]
        moved += [
            (chain_top(site.node, site.module), site.module)
            for site in self.sites
            if site.kind == BRIDGE
            and site.function in colours.asynchronous
            and isinstance(site.node, ast.Call)
        ]
        closed: dict[Function, Cause] = {}
        for call, module in moved:
            inner = next(
                (
                    node
                    for node in ast.walk(call)
                    if node in awaited and node is not call and not _is_chained(node, call)
                ),
                None,
            )
            function = module.function_of(call)
            if inner is not None and function is not None:
                text = f"waits within what needs a sync session in {module.path}:{call.lineno}"
                closed.setdefault(function, Cause(text))
        return closed

    # -- with statements ---------------------------------------------------------------------

    def _entered_together(self, colours: Colouring) -> dict[Function, Cause]:
        """With statements that enter something async together with what has to stay beside it."""
        closed: dict[Function, Cause] = {}
        items = self.async_items(colours)
        for node, module in items.items():
            item = module.parent(node)
            statement = module.parent(item) if item is not None else None
            function = module.function_of(node)
            if not isinstance(statement, ast.With) or function is None:
                continue
            for other in statement.items:
                if other.context_expr in items or may_be_nested(self.program, other, module):
                    continue
                what = ast.unparse(other.context_expr)
                text = f"enters a session together with {what} in {module.path}:{node.lineno}"
                closed.setdefault(function, Cause(text))
        return closed

    def async_items(self, colours: Colouring) -> dict[ast.expr, Module]:
        """The context managers that are entered with ``async with`` after the flip."""
        found: dict[ast.expr, Module] = {}
        for site in self.sites:
            if site.kind in (ENTER, CREATE) and site.function in colours.asynchronous:
                found[site.node] = site.module
        for call in colours.calls:
            if call.callee.is_generator or is_manager(call.callee):
                found[call.call] = call.module
        return {
            node: module
            for node, module in found.items()
            if isinstance(module.parent(node), ast.withitem)
        } | dict(self._others(colours))

    def _others(self, colours: Colouring) -> list[tuple[ast.expr, Module]]:
        """``with factory.begin() as db`` and clients."""
        found: list[tuple[ast.expr, Module]] = []
        for module in dict.fromkeys(f.module for f in colours.asynchronous):
            for call in [*module.syntax.calls.get("begin", ()), *self.entered]:
                if not isinstance(call, ast.Call) or call not in module.syntax.parents:
                    continue
                if not isinstance(module.parent(call), ast.withitem):
                    continue
                if module.function_of(call) not in colours.asynchronous:
                    continue
                if call in self.entered or (
                    isinstance(call.func, ast.Attribute)
                    and self.program.is_a(call.func.value, module, known.SESSIONMAKER)
                ):
                    found.append((call, module))
        return found

    # -- flows -------------------------------------------------------------------------------

    def _shared(self, colours: Colouring) -> dict[Function, Cause]:
        """Async functions that share a session with one that stays sync."""
        at_import = [
            s for s in self.sites if s.function is None and s.kind in (AWAIT, STREAM, BRIDGE)
        ]
        at_import = [s for s in at_import if not self.program.web.in_tests(s.module)]
        if not colours.sync and not at_import:
            return {}
        flows = Flows(
            self.program,
            lambda node, module: self.program.is_a(node, module, known.SESSION),
            cut={bridge.call for bridge in self.bridges},
            separate=lambda provider, user: self.providers.separate(provider, user, colours),
        )
        users: list[tuple[Node, Function]] = []
        for site in self.sites:
            if site.function is None:
                continue
            receiver: ast.expr = site.node
            if site.kind != CREATE:
                receiver = site.node.func
                if isinstance(receiver, ast.Attribute):
                    receiver = receiver.value
            users += [(root, site.function) for root in flows.of(receiver, site.module)]
        users += [
            (root, user)
            for provider in self.providers.all
            for call, module in self.program.calls.calls_of(provider)
            if (user := module.function_of(call)) is not None and user in colours.sync
            for root in flows.of(call, module)
        ]
        for function in (*colours.sync, *colours.asynchronous):
            for argument in function.parameters:
                if self.program.instances(
                    self.program.parameter(function, argument), known.SESSION
                ):
                    users += [
                        (root, function) for root in flows.of_parameter(function, argument.arg)
                    ]
        for bridge in self.bridges:
            caller = bridge.module.function_of(bridge.call)
            if bridge.session is not None and caller is not None:
                users += [(root, caller) for root in flows.of(bridge.session, bridge.module)]
        idle = [*self._idle(colours)]
        for function, name in idle:
            users += [(root, function) for root in flows.of_parameter(function, name)]
        holding = [*self._holding(colours)]
        for function, name in holding:
            users += [(root, function) for root in flows.of_parameter(function, name)]
        for made in self.validations:
            users += [(root, made.function) for root in flows.of(made.session, made.home)]
        together: dict[Node, dict[Function, None]] = {}
        for node, function in users:
            together.setdefault(flows.root(node), {})[function] = None
        closed: dict[Function, Cause] = {}
        for site in at_import:
            assert isinstance(site.node.func, ast.Attribute)
            for root in flows.of(site.node.func.value, site.module):
                for function in together.get(flows.root(root), ()):
                    if function in colours.asynchronous:
                        text = f"shares its session with what runs when {site.module.path} does"
                        closed.setdefault(function, Cause(text))
        alone: dict[Function, Cause] = {}
        passing = {function for function, _ in idle}
        handed = {function for function, _ in holding}
        self.keeping = set()
        for found in sorted(together.values(), key=lambda found: [*map(place, found)]):
            stuck = next((f for f in found if f in colours.sync), None)
            if stuck is None:
                continue
            cause = Cause(f"shares its session with {stuck.qualname}, which stays sync", stuck)
            self.keeping |= handed & found.keys()
            for function in found:
                if function in colours.asynchronous:
                    closed.setdefault(function, cause)
                elif function in passing:
                    alone.setdefault(function, cause)
        # What only hands on its session may ask for a sync one, and then ties nobody.
        return alone or closed

    def _holding(self, colours: Colouring) -> Iterator[tuple[Function, str]]:
        """Functions of no colour with a parameter that is a session by its annotation."""
        for module in self.program.modules.mentioning(("Session",)):
            for function in module.functions.values():
                if function in colours.sync or function in colours.asynchronous:
                    continue
                for argument in function.parameters:
                    taken = self.program.parameter(function, argument)
                    if argument.annotation and self.program.instances(taken, known.SESSION):
                        yield function, argument.arg

    def _idle(self, colours: Colouring) -> Iterator[tuple[Function, str]]:
        """Functions that get a session from a provider, and never wait for it themselves."""
        web = self.program.web
        for function in dict.fromkeys((*web.routes, *web.depended)):
            if function in colours.sync or function in colours.asynchronous:
                continue
            for argument in function.parameters:
                if web.depends(function, argument) is None:
                    continue
                taken = self.program.parameter(function, argument)
                if self.program.instances(taken, known.SESSION) and self.providers.separable(
                    function, argument, colours
                ):
                    yield function, argument.arg


def callers(colours: Colouring, functions: Iterable[Function]) -> set[Function]:
    """Some functions, and the sync ones that call them, directly or not."""
    found = set(functions)
    waiting = [*found]
    while waiting:
        for awaited in colours.callers_of(waiting.pop()):
            caller = awaited.caller
            if caller is not None and caller in colours.sync and caller not in found:
                found.add(caller)
                waiting.append(caller)
    return found


def _is_chained(node: ast.AST, top: ast.Call) -> bool:
    """Whether ``node`` is one of the calls of the chain that ends with ``top``."""
    current: ast.expr = top
    while isinstance(current, ast.Call) and isinstance(current.func, ast.Attribute):
        current = current.func.value
        if current is node:
            return True
    return False


def session_argument(program: Program, call: ast.Call, module: Module) -> ast.expr | None:
    """The argument of ``call`` that is a session, where there is just one."""
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
