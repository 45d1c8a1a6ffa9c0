"""Functions that open a session and hand it out: they can be kept in both colours.

``get_db`` or a ``session_scope`` does not tie its users to one colour. Where some of them stay
sync, its sync form is kept beside the async one under a name of its own, and opens its sessions
from the sync factory.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.carried import managed_by
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Function
from codemods.facts.values import FunctionValue, Instance
from codemods.facts.web import Dependency
from codemods.passes.async_session.sessions.sites import CREATE, Site
from codemods.plan.colours import Colouring

#: An engine of that kind is a database of its own: a second engine would see another one.
_IN_MEMORY = re.compile(r":memory:|sqlite(\+\w+)?://[\"']|StaticPool|mode=memory")


@dataclass(frozen=True)
class Alias:
    """A name of a module that holds a marker: ``DB = Annotated[Session, Depends(get_db)]``.

    ``uses`` are the signatures that go on with a sync session: they name the sync form of it.
    """

    name: str
    module: Module
    binding: Binding
    uses: list[Reference] = field(default_factory=list)


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
        if any(name != known.MANAGER for name in names):
            return False
        if any(
            self.program.instances(self.program.parameter(function, argument), known.SESSION)
            for argument in function.parameters
        ):
            return False
        if any(managed_by(self.program, r.node, r.module) for r in self._values_of(function)):
            return False  # what enters it names the manager, of which there is one
        given = self.program.web.given(function)
        return bool(given) and all(
            isinstance(v, Instance) and self.program.is_session_class(v.cls) for v in given
        )

    def _values_of(self, function: Function) -> list[Reference]:
        if not self.program.modules.mentioning(("contextmanager",)):
            return []
        return [r for r in self.program.calls.references(function) if r.call is None]

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

    def separable(self, user: Function, argument: ast.arg, colours: Colouring) -> bool:
        """Whether ``user``, if it stays sync, can ask for the sync form of its dependency."""
        depends = self.program.web.depends(user, argument)
        return depends is not None and any(
            provider in self.all and self._may_ask(provider, user, colours)
            for provider in self.program.web.dependency_functions(depends)
        )

    def _injected(self, provider: Function, user: Function) -> bool:
        web = self.program.web
        return any(
            provider in web.dependency_functions(depends)
            for argument in user.parameters
            if (depends := web.depends(user, argument)) is not None
        )

    def _may_ask(self, provider: Function, user: Function, colours: Colouring) -> bool:
        """Whether ``Depends(provider)`` of ``user`` can name another function.

        Not where something replaces it, where the marker can't be kept twice, or where async
        parts of the same request use the same session.
        """
        web = self.program.web
        if provider in self._replaced:
            return False
        for argument in user.parameters:
            depends = web.depends(user, argument)
            if depends is None or provider not in web.dependency_functions(depends):
                continue
            own = depends.module is user.module and _within(depends.marker, user.definition.args)
            if not own and self._alias(user, argument, depends) is None:
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

    def _alias(
        self, user: Function, argument: ast.arg, depends: Dependency
    ) -> tuple[ast.Name | ast.Attribute, Alias] | None:
        """The name in a signature that stands for the marker, and what it is bound to."""
        for node in (argument.annotation, user.default_of(argument)):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            found = self.program.binding(node, user.module)
            home = self.program.home(node, user.module)
            if found is None or home is None or not home[0].is_module:
                continue
            binding, holder = found
            alone = len(holder.bindings[home[1]]) == 1 and binding.kind in ("assign", "annotated")
            if alone and binding.value is not None and _within(depends.marker, binding.value):
                return node, Alias(home[1], holder.module, binding)
        return None

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
        for provider, _, _ in self._named_by_alias(colours):
            found.setdefault(provider, [])
        waiting = [*found]
        while waiting:
            for inner in self._called(waiting.pop()):
                if inner in self.all and inner in colours.asynchronous and inner not in found:
                    found[inner] = []
                    waiting.append(inner)
        return found

    def aliases(self, colours: Colouring) -> list[Alias]:
        """The aliases of providers that signatures of both colours use."""
        found: dict[tuple[Module, str], Alias] = {}
        for _, use, alias in self._named_by_alias(colours):
            found.setdefault((alias.module, alias.name), alias).uses.append(use)
        return [*found.values()]

    def _named_by_alias(self, colours: Colouring) -> Iterator[tuple[Function, Reference, Alias]]:
        """The signatures of sync functions that name a provider through an alias."""
        web = self.program.web
        for user in colours.sync:
            for argument in user.parameters:
                depends = web.depends(user, argument)
                if depends is None or (found := self._alias(user, argument, depends)) is None:
                    continue
                node, alias = found
                for provider in web.dependency_functions(depends):
                    if provider in colours.asynchronous and self.separate(provider, user, colours):
                        yield provider, Reference(node, user.module, None), alias

    def _is_sync(self, reference: Reference, provider: Function, colours: Colouring) -> bool:
        module, node = reference.module, reference.node
        # A default belongs to its own function, also where another one is around both.
        signature = _signature(node, module)
        if signature is not None and reference.call is None:
            return self.separate(provider, signature, colours)
        function = module.function_of(node)
        if function is None:
            return reference.call is not None
        return function in colours.sync


def _within(node: ast.AST, around: ast.AST) -> bool:
    return any(inner is node for inner in ast.walk(around))


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
    plain = name.lstrip("_")
    private = name[: len(name) - len(plain)]
    return f"{private}Sync{plain}" if plain[:1].isupper() else f"{private}sync_{plain}"


__all__ = ["Providers", "twin_name"]
