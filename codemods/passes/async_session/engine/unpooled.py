"""Engines without a pool, for jobs: each of these runs on an event loop of its own.

Connections belong to one loop, and so does the lock of an engine that connects for the first time.
So a job makes an engine for each session, by a function beside the engine of the service; a
function that hands out sessions has one beside it that opens them there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Arguments, InsertCopy, Rewrite
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.engine.twins import use_twin
from codemods.passes.async_session.sessions.engines_of import (
    EngineName,
    engines_of,
    factory_of,
    listeners,
)
from codemods.passes.async_session.sessions.sites import Site
from codemods.plan.draft import Draft
from codemods.plan.generated import import_name

#: What only a pool takes.
_OF_POOLS = (
    "pool_size",
    "max_overflow",
    "pool_timeout",
    "pool_recycle",
    "pool_pre_ping",
    "pool_use_lifo",
)


def unpooled_name(name: str) -> str:
    """The name of what makes or uses engines without a pool."""
    return f"Unpooled{name}" if name[:1].isupper() else f"unpooled_{name}"


class Unpooled:
    """Writes the edits of everything that only jobs reach, and of what they open sessions with."""

    def __init__(self, analysis: Analysis, draft: Draft) -> None:
        self.analysis = analysis
        self.program = analysis.program
        self.draft = draft
        self.made: set[EngineName | Function] = set()

    def edit(self) -> None:
        """Give the jobs of a program engines of their own."""
        for function in self.analysis.unpooled:
            module = function.module
            for site in self._sites(function):
                for engine in engines_of(self.program, site) or ():
                    name = self._imported(engine, module)
                    if factory_of(self.program, site) is not None:
                        put = (("bind", f"{name}()"),)
                        self.draft.edit(module, site.node, Arguments((), put))
            for node, engine in self._engines_in(function):
                name = self._imported(engine, module)
                self.draft.edit(module, node, Rewrite(f"{name}()"))
            for named, provider in self._providers_in(function):
                new = unpooled_name(provider.name)
                use_twin(self.draft, named, module, provider.name, new)
                self._provide(provider)

    def _sites(self, function: Function) -> Iterator[Site]:
        return (site for site in self.analysis.sites if site.function is function)

    def _named(self, function: Function) -> Iterator[ast.Name | ast.Attribute]:
        for statement in function.definition.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    yield node

    def _engines_in(
        self, function: Function
    ) -> Iterator[tuple[ast.Name | ast.Attribute, EngineName]]:
        """The names in a function that stand for the engine of a place in it."""
        engines = {
            (module.scope, name): (module, name)
            for site in self._sites(function)
            for module, name in engines_of(self.program, site) or ()
        }
        for node in self._named(function):
            home = self.program.home(node, function.module)
            if home in engines:
                yield node, engines[home]

    def _providers_in(
        self, function: Function
    ) -> Iterator[tuple[ast.Name | ast.Attribute, Function]]:
        providers = {(p.module.scope, p.name): p for p in self.analysis.providers}
        for node in self._named(function):
            home = self.program.home(node, function.module)
            if home in providers and providers[home] is not function:
                yield node, providers[home]

    def _imported(self, engine: EngineName, module: Module) -> str:
        """The name, in a module, of the function that makes an engine; it is written once."""
        home, name = engine
        if engine not in self.made:
            self.made.add(engine)
            self._make(engine)
        new = unpooled_name(name)
        if home is not module:
            self.draft.add_import(module, import_name(self.program, module, home.path), new)
        return new

    def _make(self, engine: EngineName) -> None:
        module, name = engine
        pool = self.draft.add_import(module, "sqlalchemy.pool", "NullPool")
        lines = [f"def {unpooled_name(name)}():"]
        lines.append('    """An engine for one job: its connections belong to no other loop."""')
        heard = listeners(self.program, engine)
        if heard:
            lines.append("    made = {value}")
            lines += [f"    {call.again(module, 'made')}" for call in heard]
            lines.append("    return made")
        else:
            lines.append("    return {value}")
        binding = module.scope.bindings[name][0]
        assert binding.value is not None
        copy = InsertCopy(remove=_OF_POOLS, put=(("poolclass", pool),), template="\n".join(lines))
        self.draft.edit(module, module.statement(binding.value), copy)

    def _provide(self, provider: Function) -> None:
        if provider in self.made:
            return
        self.made.add(provider)
        module = provider.module
        names = {provider.name: unpooled_name(provider.name)}
        calls: dict[str, tuple[tuple[str, str], ...]] = {}
        for site in self._sites(provider):
            called = site.node.func
            for engine in engines_of(self.program, site) or ():
                name = self._imported(engine, module)
                if factory_of(self.program, site) is not None:
                    last = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
                    calls[last] = (("bind", f"{name}()"),)
        for _, (home, name) in self._engines_in(provider):
            names[name] = f"{self._imported((home, name), module)}()"
        for _, other in self._providers_in(provider):
            names[other.name] = unpooled_name(other.name)
            self._provide(other)
            if other.module is not module:
                source = import_name(self.program, module, other.module.path)
                self.draft.add_import(module, source, names[other.name])
        copy = InsertCopy(tuple(names.items()), tuple(calls.items()))
        self.draft.edit(module, provider.definition, copy)
