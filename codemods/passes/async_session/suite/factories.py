"""Factories of tests whose session became async: what they make is saved within ``run_sync``.

polyfactory has async methods of its own. factory_boy saves sync, by the session within the async
one; any session's ``run_sync`` gives it a place where it can wait.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.edits.actions import AddParameter, Rename, Rewrite
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import Instance
from codemods.findings import Finding, Level, Treatment
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.rewrite.functions import await_call
from codemods.passes.async_session.sessions.factories import (
    FACTORY_BOY,
    POLYFACTORY,
    Creation,
    Given,
)
from codemods.passes.async_session.sessions.silenced import RULE
from codemods.passes.async_session.suite.loops import is_wide
from codemods.plan.draft import Draft

FACTORY = "LL409"
#: polyfactory's own async forms.
_ASYNC_FORMS = {
    "create_sync": "create_async",
    "create_batch_sync": "create_batch_async",
    "__session__": "__async_session__",
}


@dataclass
class FactoryEdits:
    """Writes the edits of factories and of the calls that make objects."""

    analysis: Analysis
    draft: Draft

    def edit(self) -> list[Finding]:
        """Convert what can be; tell of the rest."""
        factories = self.analysis.factories
        for given in factories.given:
            self._session(given)
        for creation in factories.creations:
            if self.analysis.is_async(creation.function):
                self._creation(creation)
        left = [(c.call, c.module, c.given) for c in factories.creations if not self._done(c)]
        return [_left(node, module) for node, module, _ in (*factories.stuck, *left)]

    def _done(self, creation: Creation) -> bool:
        return self.analysis.is_async(creation.function)

    # -- sessions ----------------------------------------------------------------------------

    def _session(self, given: Given) -> None:
        """Give a factory the session that it can use."""
        module, value = given.module, given.value
        if given.library == POLYFACTORY:
            name = _ASYNC_FORMS[given.option]
            text = isinstance(given.target, ast.Constant)
            self.draft.edit(module, given.target, Rewrite(f'"{name}"') if text else Rename(name))
        elif isinstance(value, ast.Lambda):
            self.draft.edit(module, value.body, Rewrite("{self}.sync_session"))
        elif self._is_session(value, module, given.option):
            self.draft.edit(module, value, Rewrite("{self}.sync_session"))
        else:
            self.draft.edit(module, value, Rewrite("lambda: {self}().sync_session"))
            if given.option == "sqlalchemy_session":
                self.draft.edit(module, given.target, Rename("sqlalchemy_session_factory"))

    def _is_session(self, value: ast.expr, module: Module, option: str) -> bool:
        """Whether a value is a session itself, not what gives one when it is called."""
        values = self.analysis.program.infer(value, module)
        if not values:
            return not option.endswith("_factory")
        return any(
            isinstance(v, Instance) and self.analysis.program.is_session_class(v.cls)
            for v in values
        ) and not self.analysis.program.is_a(value, module, known.SCOPED_SESSION)

    # -- objects -----------------------------------------------------------------------------

    def _creation(self, creation: Creation) -> None:
        call, module = creation.call, creation.module
        if creation.library == POLYFACTORY:
            assert isinstance(call.func, ast.Attribute)
            self.draft.edit(module, call.func, Rename(_ASYNC_FORMS[call.func.attr]))
            await_call(self.analysis, self.draft, call, module)
            return
        if self._runs_within(creation):
            return
        session = self._run_by(creation)
        if self._waits_inside(call):
            run = "lambda _, *args, **kwargs: {func}(*args, **kwargs), {args}"
        else:
            unused = "_" if not _names(call, "_") else "_session"
            run = f"lambda {unused}: {{self}}"
        self.draft.edit(module, call, Rewrite(f"{session}.run_sync({run})"))
        await_call(self.analysis, self.draft, call, module)

    def _runs_within(self, creation: Creation) -> bool:
        """Whether another factory's call is around, which takes this one along."""
        outer = [
            self._by_call[node]
            for node in creation.module.ancestors(creation.call)
            if node in self._by_call
        ]
        return any(o.library == FACTORY_BOY and not self._waits_inside(o.call) for o in outer)

    @cached_property
    def _by_call(self) -> dict[ast.AST, Creation]:
        return {creation.call: creation for creation in self.analysis.factories.creations}

    @cached_property
    def _awaited(self) -> set[ast.AST]:
        requests = {
            use.call for use in self.analysis.clients.calls if self.analysis.is_async(use.function)
        }
        made = {c for c, one in self._by_call.items() if one.library == POLYFACTORY}
        return self.analysis.awaited | requests | made

    def _waits_inside(self, call: ast.Call) -> bool:
        """Whether something in the arguments is awaited: a lambda can't do that."""
        return any(
            node in self._awaited or isinstance(node, ast.Await)
            for node in ast.walk(call)
            if node is not call
        )

    def _run_by(self, creation: Creation) -> str:
        """A session whose ``run_sync`` can run the factory."""
        function, given, module = creation.function, creation.given, creation.module
        program = self.analysis.program
        for argument in function.parameters:
            if program.instances(program.parameter(function, argument), known.SESSION):
                return argument.arg
        if function is given.function and isinstance(given.value, ast.Name):
            return given.value.id
        if name := self._fixture(function, given):
            typed = any(a.annotation is not None for a in function.parameters)
            hint = f": {self._hint(module)}" if typed else ""
            self.draft.edit(module, function.definition, AddParameter(f"{name}{hint}"))
            return name
        if given.function is None:
            return f"{self._imported(given, creation)}()"
        proxy = self.draft.name_for(module, "sqlalchemy.ext.asyncio", "async_session")
        assert isinstance(creation.call.func, ast.expr)
        owner = creation.call.func
        if isinstance(owner, ast.Attribute) and owner.attr in ("create", "create_batch"):
            owner = owner.value
        return f"{proxy}({module.source(owner)}._meta.sqlalchemy_session)"

    def _hint(self, module: Module) -> str:
        return self.draft.name_for(module, "sqlalchemy.ext.asyncio", "AsyncSession")

    def _fixture(self, function: Function, given: Given) -> str:
        """The fixture with the factories' session, where a test or fixture can ask for it."""
        web = self.analysis.program.web
        if not web.is_pytest(function) or is_wide(function):
            return ""
        for origin in given.origins:
            names = [name for name, fixtures in web.fixtures.items() if origin in fixtures]
            for name in names:
                if web.fixture(function, name) is origin and name not in function.bindings:
                    return name
        return ""

    def _imported(self, given: Given, creation: Creation) -> str:
        """The registry's or function's name in a module that makes objects."""
        value, module = given.value, creation.module
        text = ast.unparse(_called(value))
        name = text.partition(".")[0]
        if name in module.scope.bindings or module is given.module:
            return text
        for dotted in (*_imports(name, given.module), *_imports(creation.cls.name, module)):
            self.draft.add_import(module, dotted, name)
            break
        return text


def _called(value: ast.expr) -> ast.expr:
    """What gives the session: itself, or what a lambda calls."""
    match value:
        case ast.Lambda(body=ast.Call(func=func)):
            return func
    return value


def _imports(name: str, module: Module) -> Iterator[str]:
    """Where a module imports a name from, by an absolute import."""
    for binding in module.scope.bindings.get(name, ()):
        statement = module.parent(binding.node)
        if isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
            yield statement.module


def _names(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def _left(node: ast.expr, module: Module) -> Finding:
    function = module.function_around(node)
    return Finding(
        path=module.path,
        line=node.lineno,
        column=node.col_offset + 1,
        code=FACTORY,
        message=f"`{ast.unparse(node)}`: what the factory saves is not awaited; make its objects "
        "in a function by `await session.run_sync(...)`",
        rule=RULE,
        level=Level.DISPLAY,
        treatment=Treatment.LEFT,
        reasons=("the library that makes the objects calls the session, and calls it sync",),
        symbol=function.qualname if function else "",
    )
