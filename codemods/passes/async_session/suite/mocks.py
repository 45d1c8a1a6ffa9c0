"""Mocks in tests: of functions that become async, and of sessions.

``AsyncMock`` has the assertions of ``MagicMock``. A session is mocked by ``MagicMock`` with a
``spec``, which makes an ``AsyncMock`` of each coroutine method and leaves the others as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.edits.actions import (
    Arguments,
    InsertAfter,
    InsertBefore,
    Origin,
    Rename,
    Rewrite,
)
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.patches import Patch, patches
from codemods.facts.syntax import Class, Function
from codemods.facts.values import External, FunctionValue, Instance
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.rewrite.annotations import ASYNC_CLASSES
from codemods.passes.async_session.sessions.sites import BRIDGE
from codemods.passes.async_session.suite.fakes import edit_fakes
from codemods.passes.async_session.suite.mock_calls import made, spec_of
from codemods.passes.async_session.suite.replacements import Replacements
from codemods.plan.draft import Draft, origin_of

#: What gives a result whose own methods are sync: a child of ``AsyncMock`` would be async.
_RESULTS = ("execute", "scalars", "exec", "scalar", "get")
_LEGACY = "query"
_TOLD = ("return_value", "side_effect")


@dataclass(frozen=True)
class Place:
    """A name that holds a mock, in the scope of a function."""

    function: Function
    name: str


@dataclass
class Mocks:
    """Writes the edits of mocks."""

    analysis: Analysis
    draft: Draft

    def __post_init__(self) -> None:
        self.program: Program = self.analysis.program
        self.patches = patches(self.program)
        self.results = [
            name
            for name in _RESULTS
            if any(
                site.method == name
                and self.analysis.flips(site)
                and not self.program.web.in_tests(site.module)
                for site in self.analysis.sites
            )
        ]
        #: Whether the application runs a legacy query in ``run_sync``.
        self.bridges = any(
            site.kind == BRIDGE
            and site.method == _LEGACY
            and self.analysis.flips(site)
            and not self.program.web.in_tests(site.module)
            for site in self.analysis.sites
        )

        #: The modules with mocks of legacy queries, and those with fixtures for them.
        self.told = {module for _, module in self._told()} if self.bridges else set()
        if self.told:
            shared = (m for m in self.program.modules if m.path.endswith("conftest.py"))
            self.told.update(shared)

    def edit(self) -> None:
        """Edit every mock that stands for something that became async."""
        replacements = Replacements(self.analysis, self.draft, self.patches)
        replacements.edit()
        edit_fakes(replacements)
        for patch in self.patches:
            awaited = any(map(replacements.became_async, patch.functions))
            if not awaited and patch.mock and self._makes_sessions(patch):
                assert patch.function is not None
                with self.draft.because(_stands_for(patch.module, patch.function.definition)):
                    self._factory(patch)
        if self.bridges:
            self._legacy()
        for call, module in made(self.program):
            with self.draft.because(_stands_for(module, call)):
                self._mock(call, module)

    # -- factories ---------------------------------------------------------------------------

    def _makes_sessions(self, patch: Patch) -> bool:
        """Whether what is replaced makes async sessions after the flip."""
        for value in patch.values:
            match value:
                case Instance(cls=cls) if self.program.is_subclass(cls, known.SESSIONMAKER):
                    return True
                case FunctionValue(function=function) if not function.is_generator:
                    made = self.program.inference.returned(function)
                    if self.program.instances(made, known.SESSION):
                        return function not in self.analysis.colours.sync
        return False

    def _factory(self, patch: Patch) -> None:
        """A mocked factory gives mocked sessions, unless the test says what it gives."""
        assert patch.function is not None
        module, given = patch.module, f"{patch.mock}.return_value"
        for node in _chains(patch.function, patch.mock):
            if ast.unparse(node) == f"{given}.__enter__":
                self.draft.edit(module, node, Rename("__aenter__"))
        stated = {ast.unparse(target) for target in _assigned(patch.function)}
        if patch.keyword("return_value") or patch.keyword("side_effect"):
            return
        if stated & {given, f"{patch.mock}.side_effect"}:
            return
        entered = f"{given}.__enter__.return_value"
        if entered in stated:
            return
        first = _first(patch, module)
        if first is None:
            return
        mock = self.draft.add_import(module, "unittest.mock", "MagicMock")
        cls = self._session_class(module)
        lines = [f"{given} = {mock}(spec={cls})", *self._configured(given, stated, mock, module)]
        if any(ast.unparse(node).startswith(entered) for node in _chains(patch.function, given)):
            lines.append(f"{given}.__aenter__.return_value = {given}")
        self.draft.edit(module, first, InsertBefore("\n".join(lines)))

    def _session_class(self, module: Module) -> str:
        uses_exec = any(site.method == "exec" for site in self.analysis.sites)
        source, name = ASYNC_CLASSES[known.SQLMODEL_SESSION if uses_exec else known.SESSION]
        return self.draft.name_for(module, source, name)

    def _configured(self, name: str, stated: set[str], mock: str, module: Module) -> Iterator[str]:
        """Results are sync objects: they are no children of the mocked coroutine method."""
        for method in self.results:
            if not stated & {f"{name}.{method}.return_value", f"{name}.{method}.side_effect"}:
                yield f"{name}.{method}.return_value = {mock}()"
        if self.bridges and module in self.told:
            yield f"{name}.sync_session = {mock}()"
            within = f"lambda function, *args: function({name}.sync_session, *args)"
            yield f"{name}.run_sync.side_effect = {within}"

    def _legacy(self) -> None:
        """What a mock is told of a legacy query, it is told of the session within ``run_sync``."""
        for node, module in self._told():
            self.draft.edit(module, node, Rewrite("{receiver}.sync_session.query"))

    def _told(self) -> Iterator[tuple[ast.Attribute, Module]]:
        """The places in tests that tell a mock what a legacy query gives."""
        for module in self.program.modules.mentioning((_LEGACY,)):
            for node in module.syntax.references.get(_LEGACY, ()):
                if isinstance(node, ast.Attribute) and self.program.web.in_tests(module):
                    text = ast.unparse(module.statement(node))
                    if any(f".{word}" in text for word in _TOLD):
                        yield node, module

    # -- sessions ----------------------------------------------------------------------------

    def _mock(self, call: ast.Call, module: Module) -> None:
        """A mock that is used as a session becomes one of an async session."""
        function = module.function_of(call)
        parent = module.parent(call)
        place = None
        if function is not None and isinstance(parent, ast.Assign | ast.AnnAssign):
            target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
            if isinstance(target, ast.Name):
                place = Place(function, target.id)
        elif isinstance(parent, ast.arguments):
            place = self._default(call, parent, module)
        spec = spec_of(call)
        if spec is None:
            if not (self._used_as_session(call, module) or (place and self._is_session(place))):
                return
            put = (("spec", self._session_class(module)),)
            self.draft.edit(module, call, Arguments((), put))
        elif not self._names_session(spec, module):
            return
        if self.results and (place is None or not isinstance(parent, ast.stmt)):
            self.draft.edit(module, call, Rewrite(self._inline(call, module)))
        elif place is not None and function is not None:
            stated = {ast.unparse(target) for target in _assigned(function)}
            lines = list(self._configured(place.name, stated, module.source(call.func), module))
            for node in _chains(function, place.name):
                if ast.unparse(node) == f"{place.name}.__enter__":
                    self.draft.edit(module, node, Rename("__aenter__"))
            if lines:
                self.draft.edit(module, module.statement(call), InsertAfter("\n".join(lines)))

    @staticmethod
    def _default(call: ast.Call, parent: ast.arguments, module: Module) -> Place | None:
        """The parameter that a mock is the default of: ``def fixture(db=MagicMock())``."""
        function = module.functions.get(module.parent(parent) or parent)
        if function is None:
            return None
        given = (a.arg for a in function.parameters if function.default_of(a) is call)
        return next((Place(function, name) for name in given), None)

    def _inline(self, call: ast.Call, module: Module) -> str:
        """A mock that has no name, with its results."""
        mock = module.source(call.func)
        results = ", ".join(f'"{name}.return_value": {mock}()' for name in self.results)
        return f"{{func}}({{args}}, **{{{results}}})"

    def _names_session(self, spec: ast.expr, module: Module) -> bool:
        """Whether a ``spec`` is the class of sessions, in a place that the flip renames."""
        function = module.function_of(spec)
        return function not in self.analysis.colours.sync and any(
            isinstance(v, External) and self.program.is_subclass(v.name, known.SESSION)
            for v in self.program.infer(spec, module)
        )

    def _is_session(self, place: Place, depth: int = 0) -> bool:
        """Whether the mock of a name is used as a session that is async after the flip."""
        function, module = place.function, place.function.module
        if depth > 5:
            return False
        for node in module.syntax.references.get(place.name, ()):
            if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
                continue
            if module.scope_of(node).lookup(place.name) is function and self._used_as_session(
                node, module, depth
            ):
                return True
        return False

    def _used_as_session(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        parent = module.parent(node)
        match parent:
            case ast.Assign(targets=[ast.Attribute(attr="return_value") as target]):
                return self._of_factory(target, module)
            case ast.keyword(arg="return_value"):
                holder = module.parent(parent)
                return any(p.call is holder and self._makes_sessions(p) for p in self.patches)
            case ast.keyword() | ast.Call():
                call = parent if isinstance(parent, ast.Call) else module.parent(parent)
                return isinstance(call, ast.Call) and self._taken(call, node, module)
            case ast.Lambda():
                return self._overrides(parent) or any(
                    p.new is parent and self._makes_sessions(p) for p in self.patches
                )
            case ast.Return() | ast.Yield():
                function = module.function_of(node)
                return function is not None and self._given(function, depth)
        return False

    def _of_factory(self, target: ast.Attribute, module: Module) -> bool:
        """``factory.return_value = mock``, ``factory.return_value.__enter__.return_value``."""
        owner = ast.unparse(target.value).removesuffix(".return_value.__enter__")
        function = module.function_of(target)
        return any(
            p.mock == owner and p.function is function and self._makes_sessions(p)
            for p in self.patches
        )

    def _taken(self, call: ast.Call, node: ast.expr, module: Module) -> bool:
        """Whether a call takes the mock as a session, in what became async."""
        for callee in self.program.called_functions(call, module):
            waits = self.analysis.is_coroutine(callee) or (
                callee.name == "__init__"
                and isinstance(callee.parent, Class)
                and any(self.analysis.is_async(method) for method in callee.parent.methods)
            )
            for argument in callee.parameters if waits else ():
                if self.program.calls.argument(call, callee, argument) is node:
                    values = self.program.parameter(callee, argument)
                    if self.program.instances(values, known.SESSION):
                        return True
        return False

    def _overrides(self, replacement: ast.AST) -> bool:
        """Whether something stands in for a dependency that gives async sessions."""
        for override in self.program.web.overrides:
            same = override.replacement is replacement or any(
                isinstance(v, FunctionValue) and v.function.definition is replacement
                for v in self.program.infer(override.replacement, override.module)
            )
            if not same:
                continue
            for value in self.program.infer(override.original, override.module):
                if isinstance(value, FunctionValue):
                    given = self.program.web.given(value.function)
                    if (
                        self.program.instances(given, known.SESSION)
                        and value.function not in self.analysis.colours.sync
                    ):
                        return True
        return False

    def _given(self, function: Function, depth: int) -> bool:
        """Whether what a function gives is used as a session: by an override, by tests."""
        web = self.program.web
        names = [name for name, fixtures in web.fixtures.items() if function in fixtures]
        if not names:
            return any(
                isinstance(v, FunctionValue)
                and v.function is function
                and self._overrides(function.definition)
                for o in web.overrides
                for v in self.program.infer(o.replacement, o.module)
            )
        return any(
            self._is_session(Place(asking, name), depth + 1)
            for name in names
            for module in self.program.modules.mentioning((name,))
            for asking in module.functions.values()
            if web.fixture(asking, name) is function
            and any(a.arg == name for a in asking.parameters)
        )


def _stands_for(module: Module, node: ast.AST) -> Origin:
    """Why a mock is changed that no function of the application names."""
    return origin_of(module, node, "what the mock stands for becomes async")


def _assigned(function: Function) -> Iterator[ast.expr]:
    for node in ast.walk(function.definition):
        if isinstance(node, ast.Assign):
            yield from node.targets


def _chains(function: Function, name: str) -> Iterator[ast.Attribute]:
    """The attributes of a name, and theirs: ``name.a``, ``name.a.b``."""
    for node in ast.walk(function.definition):
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(f"{name}."):
            yield node


def _first(patch: Patch, module: Module) -> ast.stmt | None:
    """The statement before which a mock is prepared."""
    assert patch.function is not None
    parent = module.parent(patch.call)
    if isinstance(parent, ast.withitem):
        statement = module.parent(parent)
        assert isinstance(statement, ast.With | ast.AsyncWith)
        return statement.body[0]
    if isinstance(parent, ast.Assign):
        body = patch.function.definition.body
        following = body[body.index(parent) + 1 :] if parent in body else []
        return following[0] if following else None
    body = patch.function.definition.body
    documented = ast.get_docstring(patch.function.definition) is not None
    return body[1] if documented and len(body) > 1 else body[0]
