"""Jobs that run again and again, maybe beside the service: the sessions that they open are theirs.

A pool of connections belongs to one event loop. What only jobs reach opens its sessions from
engines without a pool, beside the one of the service. Where the service opens sessions in the same
function, there is no telling, and the job stays sync.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, KeysView
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.patches import patches
from codemods.facts.syntax import Function, Scope
from codemods.facts.values import FunctionValue, Instance, ModuleValue
from codemods.passes.async_session.sessions.engines_of import (
    EngineName,
    engines_of,
    factory_of,
    listeners,
)
from codemods.passes.async_session.sessions.sites import CREATE, DDL, ENTER, Site

_HELD = (known.SESSION, known.CONNECTION, "sqlalchemy.orm.SessionTransaction", known.TRANSACTION)


class Reach:
    """What a program reaches from its entries, and who else does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._below: dict[Function, list[Function]] = {}

    def of(self, function: Function) -> KeysView[Function]:
        """A function, and all that it calls or names, directly or not, in one order."""
        found: dict[Function, None] = {}
        waiting = [function]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found[current] = None
                if current not in self._below:
                    self._below[current] = [*self._next(current)]
                waiting += self._below[current]
        return found.keys()

    def _next(self, function: Function) -> Iterator[Function]:
        module = function.module
        for node in ast.walk(function.definition):
            if isinstance(node, ast.Call):
                yield from self.program.called_functions(node, module)
            elif inner := module.functions.get(node):
                yield inner
            elif (
                isinstance(node, ast.Name)
                and node.id in self._names
                and isinstance(node.ctx, ast.Load)
            ):
                values = self.program.infer(node, module)
                named = (value.function for value in values if isinstance(value, FunctionValue))
                yield from sorted(named, key=str)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(function.name for function in self.program.functions())

    def only_from(self, function: Function, roots: Collection[Function]) -> bool:
        """Whether nothing calls a function but these roots (and tests), directly or not."""
        seen: set[Function] = set()
        waiting = [function]
        while waiting:
            current = waiting.pop()
            if current in seen or current in roots:
                continue
            seen.add(current)
            if not self._has_known_callers(current):
                return False
            for reference in self.program.calls.references(current):
                if self.program.web.in_tests(reference.module):
                    continue
                caller = reference.module.function_of(reference.node)
                if reference.call is None or caller is None:
                    return False
                waiting.append(caller)
        return True

    def _has_known_callers(self, function: Function) -> bool:
        web = self.program.web
        return not (
            function.is_method
            or function.is_async
            or function in web.routes
            or function in web.depended
            or function.definition.decorator_list
        )


class Jobs:
    """Which jobs can have sessions of their own. ``sites`` are those of each function."""

    def __init__(
        self, program: Program, sites: dict[Function, list[Site]], providers: set[Function]
    ) -> None:
        self.program = program
        self.sites = sites
        self.providers = providers
        self.reach = Reach(program)

    def opening(self, job: Function) -> list[Function]:
        """The functions that a job reaches and that open sessions, themselves or by a provider."""
        return [
            function
            for function in self.reach.of(job)
            if function not in self.providers
            and (
                any(self._opens_by(site) for site in self.sites.get(function, ()))
                or self._asks_provider(function)
            )
        ]

    def _opens_by(self, site: Site) -> bool:
        return site.kind in (CREATE, ENTER, DDL) and site.owner not in _HELD[1:]

    def _asks_provider(self, function: Function) -> bool:
        names = {provider.name for provider in self.providers}
        return any(
            isinstance(value, FunctionValue) and value.function in self.providers
            for node in function.nodes
            if isinstance(node, ast.Name | ast.Attribute)
            and (node.id if isinstance(node, ast.Name) else node.attr) in names
            for value in self.program.infer(node, function.module)
        )

    def obstacle(self, job: Function, roots: Collection[Function]) -> str:
        """Why a job can't have sessions of its own, or ""; ``roots`` are all such entries."""
        reached = self.reach.of(job)
        for function in reached:
            for site in self.sites.get(function, ()):
                if why := self._site(site, reached):
                    return why
        for function in self.opening(job):
            if not self.reach.only_from(function, roots):
                return f"{function.qualname}, which others call too, opens sessions"
        return self._replaced_in_tests

    def _site(self, site: Site, reached: KeysView[Function]) -> str:
        where = f"{site.module.path}:{site.line}"
        if site.kind not in (CREATE, ENTER) and site.owner in _HELD:
            if self._comes_from_outside(site, reached):
                return f"it uses a session from outside in {where}"
            return ""
        found = engines_of(self.program, site)
        if found == []:
            return ""
        if found is None or not all(self._can_be_copied(one) for one in found):
            return f"the engine used in {where} can't be made again, without a pool"
        if factory_of(self.program, site) is not None and not self._takes_engine(site):
            return f"the session opened in {where} can't be given an engine"
        return ""

    def _takes_engine(self, site: Site) -> bool:
        """Whether a call of a factory can name another engine: ``SessionLocal(bind=...)``."""
        named = any(keyword.arg in ("bind", None) for keyword in site.node.keywords)
        return (
            site.kind == CREATE
            and not site.node.args
            and not named
            and self.program.is_a(site.node.func, site.module, known.SESSIONMAKER)
        )

    def _comes_from_outside(self, site: Site, reached: KeysView[Function]) -> bool:
        """Whether the session of a place was there before the job began."""
        root: ast.expr = site.node
        while isinstance(root, ast.Call | ast.Attribute | ast.Subscript | ast.Await):
            root = root.func if isinstance(root, ast.Call) else root.value
        if not isinstance(root, ast.Name):
            return True
        holder: Scope | None = site.module.scope_of(root).lookup(root.id, root)
        while holder is not None and not holder.is_module and not isinstance(holder, Function):
            holder = holder.parent
        if not isinstance(holder, Function) or holder not in reached:
            return True
        # The object of a method that is a job itself was made by somebody else.
        first = holder.parameters[:1]
        return (
            holder.is_method
            and bool(first)
            and first[0].arg == root.id
            and holder in self.program.entries.all
        )

    def _can_be_copied(self, engine: EngineName) -> bool:
        module, name = engine
        bindings = module.scope.bindings.get(name, ())
        if len(bindings) != 1 or not isinstance(call := bindings[0].value, ast.Call):
            return False
        statement = module.parent(call)
        return (
            isinstance(statement, ast.Assign | ast.AnnAssign)
            and statement in module.tree.body
            and self.program.outside_name(call.func, module) == "sqlalchemy.create_engine"
            and all(keyword.arg is not None for keyword in call.keywords)
            and all(heard.module is module for heard in listeners(self.program, engine))
        )

    @cached_property
    def _replaced_in_tests(self) -> str:
        """What tests put something else in the place of: by its name, which a job has no more."""
        for patch in patches(self.program):
            for value in patch.values:
                if self._opens(value):
                    return f"a test replaces what opens sessions, in {patch.module.path}"
        for module in self.program.modules:
            if not self.program.web.in_tests(module):
                continue
            for node in module.syntax.parents:
                match node:
                    case ast.Assign(targets=[ast.Attribute(value=owner) as target]) if any(
                        isinstance(value, ModuleValue)
                        for value in self.program.infer(owner, module)
                    ):
                        if any(self._opens(v) for v in self.program.infer(target, module)):
                            return f"a test replaces what opens sessions, in {module.path}"
        return ""

    def _opens(self, value: object) -> bool:
        match value:
            case Instance(cls=cls):
                kinds = (known.SESSIONMAKER, known.SCOPED_SESSION, known.ENGINE)
                return any(self.program.is_subclass(cls, kind) for kind in kinds)
            case FunctionValue(function=function):
                return function in self.providers
        return False
