"""Functions that open a session and hand it out: they can be kept in both colours.

``get_db`` or a ``session_scope`` does not tie its users to one colour. Where some of them stay
sync, its sync form is kept beside the async one under a name of its own, and opens its sessions
from the sync factory.
"""

from __future__ import annotations

import ast
import re

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue, Instance
from codemods.passes.async_session.sites import CREATE, Site
from codemods.plan.colours import Colouring

#: An engine of that kind is a database of its own: a second engine would see another one.
_IN_MEMORY = re.compile(r":memory:|sqlite(\+\w+)?://[\"']|StaticPool|mode=memory")


class Providers:
    """The providers of a program, found before anything is coloured."""

    def __init__(self, program: Program, sites: list[Site]) -> None:
        self.program = program
        self.all: set[Function] = set()
        if not self._in_memory():
            self._find(sites)
        self._overridden: set[Function] | None = None

    def twofold(self, function: Function) -> bool:
        """Whether a function can be kept in both colours."""
        return function in self.all

    def _in_memory(self) -> bool:
        """Whether an engine of the program lives in memory only (tests included)."""
        return any(
            _IN_MEMORY.search(module.file.text)
            for module in self.program.modules.mentioning(("create_engine",))
        )

    def _find(self, sites: list[Site]) -> None:
        made = {site.function for site in sites if site.kind == CREATE}
        for module in self.program.modules.mentioning(("yield", "return")):
            for function in module.functions.values():
                if self._hands_out(function) and (function in made or function.is_generator):
                    self.all.add(function)
        changed = True
        while changed:
            changed = False
            for function in [*self.all]:
                inner = self._called(function)
                if not (function in made or inner & self.all):
                    self.all.discard(function)
                    changed = True

    def _hands_out(self, function: Function) -> bool:
        """Whether a function of a module makes a session and gives it to whoever asks."""
        if function.is_async or function.parent is not function.module.scope:
            return False
        names = self.program.decorators(function)
        if any(name != "contextlib.contextmanager" for name in names):
            return False
        if any(
            self.program.instances(self.program.parameter(function, argument), known.SESSION)
            for argument in function.parameters
        ):
            return False
        given = self.program.web.given(function)
        return bool(given) and all(
            isinstance(v, Instance) and self.program.is_session_class(v.cls) for v in given
        )

    def _called(self, function: Function) -> set[Function]:
        return {
            target
            for node in function.nodes
            if isinstance(node, ast.Call)
            for target in self.program.called_functions(node, function.module)
        }

    # -- users -------------------------------------------------------------------------------

    def separate(self, provider: Function, user: Function, colours: Colouring) -> bool:
        """Whether ``user`` gets its sessions from the sync form of a provider."""
        if provider not in self.all or user not in colours.sync:
            return False
        return not self._injected(provider, user) or self._may_ask(provider, user, colours)

    def _injected(self, provider: Function, user: Function) -> bool:
        web = self.program.web
        return any(
            provider in web.dependency_functions(depends)
            for argument in user.parameters
            if (depends := web.depends(user, argument)) is not None
        )

    def _may_ask(self, provider: Function, user: Function, colours: Colouring) -> bool:
        """Whether ``Depends(provider)`` of ``user`` can name another function.

        Not where something replaces it, where the marker is shared, or where async parts of the
        same request use the same session.
        """
        web = self.program.web
        if provider in self._replaced:
            return False
        for argument in user.parameters:
            depends = web.depends(user, argument)
            if depends is None or provider not in web.dependency_functions(depends):
                continue
            if depends.module is not user.module or not _within(
                depends.marker, user.definition.args
            ):
                return False
        for route in web.routes:
            parts = {route, *web.dependencies(route)}
            if user in parts and any(
                part in colours.asynchronous and part not in self.all for part in parts
            ):
                return False
        return True

    @property
    def _replaced(self) -> set[Function]:
        if self._overridden is None:
            self._overridden = {
                value.function
                for override in self.program.web.overrides
                for value in self.program.infer(override.original, override.module)
                if isinstance(value, FunctionValue)
            }
        return self._overridden

    # -- after colouring ---------------------------------------------------------------------

    def twins(self, colours: Colouring) -> dict[Function, list[Reference]]:
        """The providers whose sync form is kept, with the references that mean that form."""
        found: dict[Function, list[Reference]] = {}
        for function in self.all & set(colours.asynchronous):
            references = [
                reference
                for reference in self.program.calls.references(function)
                if self._is_sync(reference, function, colours)
            ]
            if references:
                found[function] = references
        waiting = [*found]
        while waiting:
            for inner in self._called(waiting.pop()):
                if inner in self.all and inner in colours.asynchronous and inner not in found:
                    found[inner] = []
                    waiting.append(inner)
        return found

    def _is_sync(self, reference: Reference, provider: Function, colours: Colouring) -> bool:
        module, node = reference.module, reference.node
        function = module.function_of(node)
        if function is None:
            signature = _signature(node, module)
            if signature is not None:
                return self.separate(provider, signature, colours)
            return reference.call is not None
        return function in colours.sync


def _within(node: ast.AST, arguments: ast.arguments) -> bool:
    return any(inner is node for inner in ast.walk(arguments))


def _signature(node: ast.AST, module: Module) -> Function | None:
    """The function in whose parameters ``node`` stands."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.arguments):
            return module.functions.get(module.parent(parent))  # type: ignore[arg-type]
        if isinstance(parent, ast.stmt):
            return None
    return None


def twin_name(name: str) -> str:
    """The name of the sync form that is kept."""
    return f"Sync{name}" if name[:1].isupper() else f"sync_{name}"


__all__ = ["Providers", "twin_name"]
