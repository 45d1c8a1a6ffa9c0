"""Names that hold an engine or a session factory, and who uses them in which colour.

A name that async code uses becomes async. Where sync code uses it as well (a script, a worker,
a module that is being imported), the sync one is kept beside it under a name of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Function, Scope
from codemods.facts.values import External
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.sessions.attributes import bindings_of, declares, home_of
from codemods.passes.async_session.sessions.listening import is_listening
from codemods.passes.async_session.sessions.makers import (
    ENGINE_WORDS,
    MAKERS,
    Maker,
    maker,
    makes,
)
from codemods.passes.async_session.sessions.origins import has_holder, is_kept
from codemods.passes.async_session.sessions.providers import twin_name
from codemods.passes.async_session.sessions.sites import CREATE, DDL, Site
from codemods.plan.climb import is_main_block

_PARTIAL = "functools.partial"


@dataclass(eq=False)
class Holder:
    """A name of a module, or of a class, that holds an engine or a factory.

    There are several ``bindings`` where branches make it in different ways.
    """

    name: str
    kind: str
    scope: Scope
    bindings: list[Binding]
    asynchronous: list[Reference] = field(default_factory=list)
    sync: list[Reference] = field(default_factory=list)
    events: list[Reference] = field(default_factory=list)
    makes: list[Holder] = field(default_factory=list)
    parts: list[tuple[Holder, Reference]] = field(default_factory=list)
    alias_of: ast.expr | None = None
    maker: Maker | None = None
    needs_async: bool = False
    needs_sync: bool = False

    @property
    def module(self) -> Module:
        """The module that makes it."""
        return self.scope.module

    @property
    def is_late(self) -> bool:
        """Whether it is declared first, and made later."""
        return any(declares(binding) for binding in bindings_of(self.scope, self.name))

    @property
    def calls(self) -> list[ast.Call]:
        """The calls that make it."""
        return [b.value for b in self.bindings if isinstance(b.value, ast.Call)]

    @property
    def twin(self) -> str:
        """The name of the sync one that is kept."""
        return twin_name(self.name)


class Holders:
    """The holders of a program. ``left`` are sites at import time that stay sync."""

    def __init__(self, analysis: Analysis, left: list[Site]) -> None:
        self.analysis = analysis
        self.program: Program = analysis.program
        self.left = {id(site.node) for site in left}
        self.all = self._find()
        self.all += self._made()
        self.all += self._aliases()
        self.by_call = {call: holder for holder in self.all for call in holder.calls}
        for holder in self.all:
            self._classify(holder)
        self._propagate()
        #: The functions that make holders of both colours, with the calls of them that stay sync.
        self.kept: dict[Function, list[Reference]] = {}
        for holder in sorted(self.all, key=lambda holder: holder.needs_async):
            if holder.maker is not None:
                self.by_call |= dict.fromkeys(makes(self.program, holder.maker.function), holder)
                self._keep(holder.maker.function)

    def _find(self) -> list[Holder]:
        found = []
        words = (*ENGINE_WORDS, "sessionmaker", "scoped_session")
        for module in self.program.modules.mentioning(words):
            if is_migration(module):
                continue
            for name, bindings in module.scope.bindings.items():
                made = [b for b in bindings if isinstance(b.value, ast.Call) and not b.path]
                kinds = {self._kind(b.value, module) for b in made}
                others = [b for b in bindings if b not in made and not declares(b)]
                others += [b for b in made if module.function_of(b.node) is not None]
                if len(kinds) == 1 and not others and (kind := kinds.pop()):
                    found.append(Holder(name, kind, module.scope, made))
            found += self._attributes(module)
        return found

    def _attributes(self, module: Module) -> Iterator[Holder]:
        """The attributes of the classes of a module that can be kept in both colours."""
        for cls in module.classes.values():
            for name in sorted({*cls.bindings, *cls.attributes}):
                if is_kept(self.program, cls, name):
                    made = [b for b in bindings_of(cls, name) if not declares(b)]
                    if kind := self._kind(made[0].value, module):
                        yield Holder(name, kind, cls, made)

    def _made(self) -> list[Holder]:
        """``SessionLocal, engine = connect(url)``: the names that a function makes."""
        found = []
        for module in self.program.modules:
            for statement in module.tree.body:
                if not isinstance(statement, ast.Assign):
                    continue
                made = maker(self.program, statement.value, module)
                for name, kind in made.kinds if made is not None else ():
                    holder = Holder(name, kind, module.scope, module.scope.bindings[name])
                    holder.maker = made
                    found.append(holder)
        return found

    def _aliases(self) -> list[Holder]:
        """``DB = SessionLocal``: a name of the same kind, made with the other one."""
        found: list[Holder] = []
        waiting = [*self.all]
        while waiting:
            holder = waiting.pop()
            for node, module in self._named(holder):
                statement = module.parent(node)
                if not isinstance(statement, ast.Assign) or statement.value is not node:
                    continue
                match statement.targets:
                    case [ast.Name(id=name)] if module.scope_of(statement).is_module:
                        bindings = module.scope.bindings[name]
                        if len(bindings) == 1:
                            alias = Holder(name, holder.kind, module.scope, bindings)
                            alias.alias_of = node
                            found.append(alias)
                            waiting.append(alias)
        return found

    def _kind(self, call: ast.expr | None, module: Module) -> str:
        assert isinstance(call, ast.Call)
        for value in self.program.infer(call.func, module):
            if isinstance(value, External):
                return MAKERS.get(value.name, "")
        return ""

    # -- references --------------------------------------------------------------------------

    def _classify(self, holder: Holder) -> None:
        for node, module in self._named(holder):
            self._use(holder, Reference(node, module, None))

    def _named(self, holder: Holder) -> Iterator[tuple[ast.Name | ast.Attribute, Module]]:
        """The places that name a holder."""
        for module in self.program.modules.mentioning((holder.name,)):
            for name in sorted({holder.name, *module.syntax.aliases.get(holder.name, ())}):
                for node in module.syntax.references.get(name, ()):
                    if home_of(self.program, node, module) == (holder.scope, holder.name):
                        yield node, module

    def _use(self, holder: Holder, reference: Reference) -> None:
        module, node = reference.module, reference.node
        if any(isinstance(p, ast.alias) for p in module.ancestors(node)):
            return
        parent = module.parent(node)
        call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
        if is_listening(self.program, call, module):
            holder.events.append(reference)
            return
        made = self._made_by(node, module)
        if made is not None and made is not holder:
            made.makes.append(holder)
            made.parts.append((holder, reference))
            return
        if module.function_of(node) in self.analysis.twins:
            holder.asynchronous.append(reference)
            holder.needs_sync = True
            return
        (holder.asynchronous if self._is_async(node, module) else holder.sync).append(reference)

    def around(self, call: ast.Call, module: Module) -> Holder | None:
        """The holder that a call makes, or is a part of: ``scoped_session(sessionmaker())``."""
        outer: ast.AST | None = call
        while isinstance(outer, ast.Call | ast.keyword):
            if isinstance(outer, ast.Call) and outer in self.by_call:
                return self.by_call[outer]
            outer = module.parent(outer)
        return None

    def _made_by(self, node: ast.AST, module: Module) -> Holder | None:
        """The holder that is made with this one (``sessionmaker(bind=engine)``)."""
        for holder in self.all:
            if holder.alias_of is node:
                return holder
        for parent in module.ancestors(node):
            if isinstance(parent, ast.Call):
                for holder in self.all:
                    if parent in holder.calls:
                        return holder
            if isinstance(parent, ast.stmt):
                return None
        return None

    def _is_async(self, node: ast.AST, module: Module) -> bool:
        if is_migration(module):
            return False
        if self._opened_by_sync(node, module):
            return False
        function = _defaulted(node, module) or module.function_of(node)
        if function is not None:
            if function in self.analysis.colours.sync:
                return False
            if function in self.analysis.colours.asynchronous:
                return True
            return self._hands_out(node, module)
        for parent in module.ancestors(node):
            if id(parent) in self.left:
                return False
            for site in self.analysis.sites:
                if parent is site.node:
                    return site.kind == DDL or self._serves(site)
        if is_main_block(node, module):
            return True
        return self._hands_out(node, module)

    def _opened_by_sync(self, node: ast.AST, module: Module) -> bool:
        """Whether a factory is passed to what opens its sessions in functions that stay sync."""
        parent = module.parent(node)
        call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call) or call.func is node:
            return False
        called = self.program.called_functions(call, module)
        if called and all(function in self.analysis.colours.sync for function in called):
            return True
        classes = {f.parent for f in called if f.name == "__init__" and f.is_method}
        openers = {
            site.function
            for site in self.analysis.sites
            if site.kind == CREATE
            and site.function is not None
            and (site.function in called or site.function.parent in classes)
            and not has_holder(self.program, site)
        }
        return bool(openers) and openers <= set(self.analysis.colours.sync)

    def _serves(self, site: Site) -> bool:
        """Whether what a module makes while it is imported is for functions that are async."""
        if site.kind != CREATE or self.program.web.in_tests(site.module):
            return self.program.web.in_tests(site.module)
        statement = site.module.statement(site.node)
        if not isinstance(statement, ast.Assign) or is_main_block(statement, site.module):
            return False
        names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
        return any(
            self.program.home(node, module) == (site.module.scope, name)
            for name in names
            for module in self.program.modules.mentioning((name,))
            for node in module.syntax.references.get(name, ())
            if module.function_of(node) in self.analysis.colours.asynchronous
        )

    def _hands_out(self, node: ast.AST, module: Module) -> bool:
        """Whether an untouched place hands the holder to code that is converted.

        A return, a yield, an assignment and a dependency do; an argument of something outside
        (an admin interface, a health check) does not: that goes on with the sync one.
        """
        for parent in module.ancestors(node):
            if isinstance(parent, ast.Call):
                called = self.program.called_functions(parent, module)
                if called and all(f in self.analysis.colours.sync for f in called):
                    return False
                function = parent.func
                if self.program.outside_name(function, module) == _PARTIAL and parent.args:
                    function = parent.args[0]
                return bool(
                    called
                    or self.program.outside_name(function, module)
                    in (known.DEPENDS, known.SESSION, known.SQLMODEL_SESSION)
                    or (isinstance(parent.func, ast.Attribute) and parent.func.attr == "configure")
                )
            if isinstance(parent, ast.stmt):
                return True
        return True

    def _propagate(self) -> None:
        for holder in self.all:
            holder.needs_async = bool(holder.asynchronous)
            holder.needs_sync = holder.needs_sync or bool(holder.sync)
        changed = True
        while changed:
            changed = False
            for holder in self.all:
                for source in holder.makes:
                    if holder.needs_async and not source.needs_async:
                        source.needs_async = changed = True
                    if holder.needs_sync and not source.needs_sync:
                        source.needs_sync = changed = True
            changed = self._together() or changed
        # What nobody uses by name yet follows the application: it becomes async.
        for holder in self.all:
            if not holder.needs_async and not holder.needs_sync and not self._is_undriven(holder):
                holder.needs_async = True
                for source in holder.makes:
                    source.needs_async = True

    def _keep(self, function: Function) -> None:
        """Remember a function whose sync form is needed beside the async one."""
        made = {h.maker.call: h for h in self.all if h.maker and h.maker.function is function}
        if not any(holder.needs_async for holder in made.values()):
            return
        references = self.program.calls.references(function)
        stay = [r for r in references if r.call not in made or not made[r.call].needs_async]
        if stay or any(holder.needs_sync for holder in made.values()):
            self.kept[function] = stay

    def _together(self) -> bool:
        """What one function makes is kept in both colours, or in one."""
        changed = False
        for holder in self.all:
            for other in self.all if holder.maker is not None else ():
                if other.maker != holder.maker:
                    continue
                for need in ("needs_async", "needs_sync"):
                    if getattr(holder, need) and not getattr(other, need):
                        setattr(other, need, True)
                        changed = True
        return changed

    def _is_undriven(self, holder: Holder) -> bool:
        """Whether a holder, or an engine that it is made with, can't become async."""
        calls = [*holder.calls]
        if holder.maker is not None:
            calls += makes(self.program, holder.maker.function)
        return any(call in self.analysis.undriven for call in calls) or any(
            self._is_undriven(source) for source in holder.makes
        )


def _defaulted(node: ast.AST, module: Module) -> Function | None:
    """The function of whose parameter a node is the default."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.arguments):
            definition = module.parent(parent)
            return module.functions.get(definition) if definition is not None else None
        if isinstance(parent, ast.stmt):
            return None
    return None
