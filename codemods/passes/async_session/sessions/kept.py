"""Sessions that outlive their request: what uses them stays as it is.

A session that a module, a class or a singleton holds is used by all requests. Path operations that
never waited used it one after the other; an async session refuses a second task (``This session
is provisioning a new connection``), and a thread for each request would be no better.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance
from codemods.passes.async_session.sessions.sites import Site
from codemods.plan.climb import Cause, is_main_block
from codemods.plan.flows import Flows, Node

#: Providers of dependency_injector that make one object for all.
_SINGLETONS = ("Singleton", "ThreadSafeSingleton")


def kept(program: Program, sites: list[Site]) -> dict[Function, Cause]:
    """The functions that use a session which is kept from one request to the next."""
    lifetimes = Lifetimes(program)
    found: dict[Function, Cause] = {}
    for site in sites:
        function = site.function
        if function is None or function in found or program.web.in_tests(site.module):
            continue
        if holder := lifetimes.holder(receiver(site), site.module, function):
            found[function] = Cause(f"uses a session that {holder} keeps for all requests")
    return found


def receiver(site: Site) -> ast.expr:
    """The session that a site uses or makes."""
    called = site.node.func
    return called.value if site.method and isinstance(called, ast.Attribute) else site.node


class Lifetimes:
    """Tells which sessions outlive the call that made them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._flows = Flows(program, self._is_session)
        self._asking: set[ast.Call] = set()

    def holder(self, node: ast.expr, module: Module, user: Function) -> str:
        """What keeps the session of an expression that ``user`` evaluates, or ""."""
        if isinstance(node, ast.Subscript):
            # A table of sessions: ``sessions["main"]``.
            return self._named(node.value, module)
        for place in self._flows.behind(node, module):
            if name := self._keeps(place, user):
                return name
        return ""

    def _is_session(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression is a session. A ``scoped_session`` is a registry of many."""
        return any(
            not self.program.is_subclass(value.cls, known.SCOPED_SESSION)
            for value in self.program.instances(self.program.infer(node, module), known.SESSION)
        )

    def _keeps(self, place: Node, user: Function) -> str:
        match place:
            case Node("name", Module() as module, name):
                return self._by_name(module, name)
            case Node("attribute", Class() as cls, name):
                return self._by_class(cls, name)
            case Node("parameter", Function() as function, name):
                return self._by_default(function, name) or self._by_instance(function, name)
            case Node("call", ast.Call() as call, path):
                return self._by_call(call, self.program.modules[path], user)
        return ""

    # -- names -------------------------------------------------------------------------------

    def _named(self, node: ast.expr, module: Module) -> str:
        home = self.program.home(node, module)
        if home is None or not home[0].is_module or self.program.web.in_tests(home[0].module):
            return ""
        return f"{home[1]} of {home[0].module.path}"

    def _by_name(self, module: Module, name: str) -> str:
        """A name of a module. What a script binds when it is run serves that run only."""
        if self.program.web.in_tests(module):
            return ""
        for binding in module.scope.bindings.get(name, ()):
            if binding.kind not in ("assign", "annotated", "with"):
                continue
            if is_main_block(binding.node, module):
                continue
            if binding.part is not None and self._is_session(binding.part, module):
                return f"{name} of {module.path}"
        return ""

    def _by_class(self, cls: Class, name: str) -> str:
        """An attribute of a class itself, unless a dependency fills it for each request."""
        if self.program.web.in_tests(cls.module):
            return ""
        for binding in cls.bindings.get(name, ()):
            value = binding.part
            if binding.kind not in ("assign", "annotated") or value is None:
                continue
            if self._is_opened(value, cls.module):
                return f"the class {cls.name}"
        return ""

    def _by_default(self, function: Function, name: str) -> str:
        """A default is made once, with the function."""
        argument = next((a for a in function.parameters if a.arg == name), None)
        default = function.default_of(argument) if argument is not None else None
        if default is not None and self._is_opened(default, function.module):
            return f"the default of {function.qualname}"
        return ""

    def _is_opened(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression opens a session where it stands: a marker of FastAPI does not."""
        return (
            isinstance(node, ast.Call)
            and not self._makes_anew(node, module)
            and self._is_session(node, module)
        )

    def _makes_anew(self, call: ast.Call, module: Module) -> bool:
        """Whether a call is a marker or a provider that gives an object to whoever asks."""
        made = self.program.outside_name(call.func, module)
        package, _, name = made.rpartition(".")
        if made in (known.DEPENDS, known.SECURITY):
            return True
        return package == "dependency_injector.providers" and name not in _SINGLETONS

    # -- objects -----------------------------------------------------------------------------

    def _by_instance(self, function: Function, name: str) -> str:
        """A session that an object is given when it is made, and that lives as long as it."""
        if not function.is_method or function.name != "__init__":
            return ""
        argument = next((a for a in function.parameters if a.arg == name), None)
        if argument is None:
            return ""
        for call, module in self.program.calls.calls_of(function):
            passed = self.program.calls.argument(call, function, argument)
            if passed is None or not self._is_session(passed, module):
                continue
            if holder := self._outlives(call, module):
                return holder
        return ""

    def _by_call(self, call: ast.Call, module: Module, user: Function) -> str:
        """A session that lives as long as what its call is a part of, or as a function around."""
        maker = module.function_of(call)
        if maker is not None and user in self.program.web.routes and _is_within(user, maker):
            return f"{maker.qualname}, around {user.name},"
        return self._outlives(call, module)

    def _outlives(self, call: ast.Call, module: Module) -> str:
        """What keeps the object that a call makes for longer than the function runs, or ""."""
        if call in self._asking or self.program.web.in_tests(module):
            return ""
        self._asking.add(call)
        try:
            return self._outlives_here(call, module)
        finally:
            self._asking.discard(call)

    def _outlives_here(self, call: ast.Call, module: Module) -> str:
        if self._makes_anew(call, module) or any(
            isinstance(parent, ast.Lambda) for parent in module.ancestors(call)
        ):
            return ""
        function = module.function_of(call)
        if function is None:
            return "" if is_main_block(call, module) else f"{module.path}"
        statement = module.statement(call)
        if isinstance(statement, ast.Assign) and statement.value is call:
            for target in statement.targets:
                if holder := self._assigned(target, module, function):
                    return holder
        if isinstance(statement, ast.Return) and self.program.decorated(function, *known.CACHES):
            return f"the cache of {function.name}"
        for parent in module.ancestors(call):
            if isinstance(parent, ast.stmt):
                break
            if isinstance(parent, ast.Call) and self._makes_object(parent, module):
                return self._outlives(parent, module)
        return ""

    def _assigned(self, target: ast.expr, module: Module, function: Function) -> str:
        if isinstance(target, ast.Name):
            return self._named(target, module)
        if not isinstance(target, ast.Attribute):
            return ""
        owners = self.program.infer(target.value, module)
        cls = next((o.cls for o in owners if isinstance(o, ClassValue)), None)
        if cls is not None:
            return f"the class {cls.name}"
        if function.is_method and function.name == "__init__":
            assert isinstance(function.parent, Class)
            if any(isinstance(o, Instance) and o.cls is function.parent for o in owners):
                return self._by_objects(function.parent)
        return ""

    def _by_objects(self, cls: Class) -> str:
        """What keeps an object of a class, which holds what its ``__init__`` makes."""
        for owner in (cls, *self.program.subclasses(cls)):
            for reference in self.program.calls.class_references(owner):
                if reference.call is None:
                    continue
                if holder := self._outlives(reference.call, reference.module):
                    return holder
        return ""

    def _makes_object(self, call: ast.Call, module: Module) -> bool:
        return any(isinstance(v, ClassValue) for v in self.program.infer(call.func, module))


def _is_within(inner: Function, outer: Function) -> bool:
    return any(scope is outer for scope in _around(inner))


def _around(function: Function) -> Iterator[object]:
    scope = function.parent
    while scope is not None:
        yield scope
        scope = scope.parent
