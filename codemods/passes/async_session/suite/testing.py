"""The application's own tests: the runner for async tests, async fixtures, async clients."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from codemods.edits.actions import (
    AddDecorator,
    AddParameter,
    Arguments,
    Await,
    MakeAsync,
    Origin,
    Rename,
    Rewrite,
)
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.cases import is_case
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External
from codemods.facts.versions import Versions
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.rewrite.functions import await_call
from codemods.passes.async_session.rewrite.unittests import edit_cases
from codemods.passes.async_session.sessions.clients import ClientCall
from codemods.passes.async_session.suite.loops import LOOP, is_wide, marks_on_loop, on_loop
from codemods.plan.draft import Draft, function_origin


class Runner(Enum):
    """What runs async tests."""

    ANYIO = "anyio"
    ASYNCIO_STRICT = "asyncio"
    ASYNCIO_AUTO = "auto"


#: Where a test that stays sync asks for an async fixture, every test has to have the backend.
_BACKEND = '@pytest.fixture({arguments})\ndef anyio_backend(){hint}:\n    return "asyncio"\n'
_SESSION = 'scope="session"'
_AUTO = re.compile(r"asyncio_mode\s*=\s*[\"']?auto")


@dataclass
class Testing:
    """Writes the edits of tests, fixtures and clients."""

    analysis: Analysis
    draft: Draft
    versions: Versions

    def __post_init__(self) -> None:
        self.program: Program = self.analysis.program
        self.texts: dict[str, str] = {}
        #: The tests and fixtures that become async, as what asks for how they are run.
        self.origins: tuple[Origin, ...] = ()
        self.everywhere = False
        #: Whether there are async tests or fixtures that the plugin of anyio has to run.
        self.by_anyio = False

    def edit(self) -> None:
        """Edit everything that pytest calls."""
        changed = [
            f
            for f in self.analysis.colours.asynchronous
            if not f.is_async and self.program.web.in_tests(f.module)
        ]
        tests: dict[Module, list[Function]] = {}
        folders: set[str] = set()
        for function in changed:
            if is_case(self.program, function):
                continue  # unittest runs these by itself
            if self.program.web.is_test(function):
                tests.setdefault(function.module, []).append(function)
                folders.add(function.module.folder)
            elif self.program.web.is_pytest(function):
                self._fixture(function)
                folders.add(function.module.folder)
        for module, functions in tests.items():
            with self.draft.because(*(function_origin(f) for f in functions)):
                self._mark(module, functions)
        self.origins = tuple(map(function_origin, changed))
        with self.draft.because(*self.origins):
            if self._one_loop:
                marks_on_loop(self.program, self.draft)
            if folders and self.runner is Runner.ANYIO:
                self.by_anyio = True
                self._backend(folders)
        for made in self.analysis.clients.made:
            self._client(made)
        for call in self.analysis.clients.calls:
            waits = call.function is None or self.analysis.is_async(call.function)
            if call.method != "enter" and waits:
                self._request(call)
        self._client_annotations()
        edit_cases(self.analysis, self.draft)

    # -- the runner --------------------------------------------------------------------------

    @property
    def runner(self) -> Runner:
        """The runner that the tests use already, else anyio, which comes with Starlette."""
        words = ("asyncio", "pytest_asyncio")
        uses = any(
            self.program.outside_name(node, module).startswith("pytest.mark.asyncio")
            or name == "pytest_asyncio"
            for module in self.program.modules.mentioning(words)
            if self.program.web.in_tests(module)
            for name in words
            for node in module.syntax.references.get(name, ())
        )
        for file in self.program.codebase:
            if file.path.endswith((".toml", ".ini", ".cfg")) and _AUTO.search(file.text):
                return Runner.ASYNCIO_AUTO
        return Runner.ASYNCIO_STRICT if uses else Runner.ANYIO

    @cached_property
    def _one_loop(self) -> bool:
        """Whether tests need one loop: what a fixture of a wider scope made lives on its loop."""
        return self.runner is Runner.ASYNCIO_STRICT and any(
            is_wide(function)
            for function in self.analysis.colours.asynchronous
            if self.program.web.is_fixture(function)
        )

    def _mark(self, module: Module, functions: list[Function]) -> None:
        if self.runner is Runner.ASYNCIO_AUTO:
            return
        word = self.runner.value
        loop = f"({LOOP})" if self._one_loop else ""
        self.draft.add_import(module, "pytest")
        every = [f for f in module.functions.values() if self.program.web.is_test(f)]
        whole = word == "anyio" or all(f in functions or f.is_async for f in every)
        # anyio would call the methods of a test case itself, without what unittest does first.
        whole = whole and not any(is_case(self.program, f) for f in every)
        if whole and "pytestmark" not in module.scope.bindings:
            self.draft.after_imports(module, f"pytestmark = pytest.mark.{word}{loop}")
            return
        for function in functions:
            self.draft.edit(module, function.definition, AddDecorator(f"pytest.mark.{word}{loop}"))

    def _fixture(self, function: Function) -> None:
        module = function.module
        if self.runner is Runner.ASYNCIO_STRICT:
            for decorator in function.definition.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if self.program.outside_name(called, module) == "pytest.fixture":
                    self.draft.add_import(module, "pytest_asyncio")
                    self.draft.edit(module, called, Rewrite("pytest_asyncio.fixture"))
                    if self._one_loop:
                        on_loop(self.draft, decorator, module)
                    if not self._starred(module):
                        self.draft.drop_import(module, "pytest")
        elif self.runner is Runner.ANYIO and self._asked_by_sync(function):
            if self._own_backend is None:
                self.everywhere = True
            elif "anyio_backend" not in {a.arg for a in function.parameters}:
                self.draft.edit(module, function.definition, AddParameter("anyio_backend"))

    def _starred(self, module: Module) -> bool:
        """Whether another module imports everything that this one imports."""
        return any(
            self.program.modules.resolve(other, star.module or "", star.level) is module
            for other in self.program.modules
            for star in other.scope.star_imports
        )

    @cached_property
    def _own_backend(self) -> Function | None:
        """The ``anyio_backend`` that the tests have already."""
        return next(
            (
                function
                for function in self.program.web.fixtures.get("anyio_backend", ())
                if function.module.path.endswith("conftest.py")
            ),
            None,
        )

    def _asked_by_sync(self, fixture: Function) -> bool:
        """Whether a test that stays sync gets this fixture (so that nothing marks it)."""
        if _keyword(fixture, "autouse"):
            return True
        asynchronous = self.analysis.colours.asynchronous
        web = self.program.web
        asking = [
            f
            for module in self.program.modules.mentioning((fixture.name, *_names(fixture)))
            for f in module.functions.values()
            if web.is_pytest(f)
            and any(web.fixture(f, argument.arg) is fixture for argument in f.parameters)
        ]
        for function in asking:
            if web.is_test(function):
                if function not in asynchronous and not function.is_async:
                    return True
            elif self._asked_by_sync(function):
                return True
        return False

    def _backend(self, folders: set[str]) -> None:
        """One ``anyio_backend`` fixture for all async tests: asyncio only, one loop."""
        if self._own_backend is not None:
            return
        arguments = f"{_SESSION}, autouse=True" if self.everywhere else _SESSION
        homes: set[Module] = set()
        for folder in _topmost(folders):
            home = self._conftest(folder)
            if home in homes:
                continue
            hint = " -> str" if home is not None and _is_annotated(home) else ""
            backend = _BACKEND.format(arguments=arguments, hint=hint)
            if home is not None:
                homes.add(home)
                self.draft.add_import(home, "pytest")
                self.draft.append(home, backend.replace('"', _quote(home)))
            else:
                path = f"{folder}/conftest.py" if folder else "conftest.py"
                self.texts[path] = "import pytest\n\n\n" + backend

    def _conftest(self, folder: str) -> Module | None:
        parts = folder.split("/") if folder else []
        for length in range(len(parts), -1, -1):
            path = "/".join([*parts[:length], "conftest.py"])
            if (module := self.program.modules.get(path)) is not None:
                return module
        return None

    # -- clients -----------------------------------------------------------------------------

    def _client(self, made: ClientCall) -> None:
        call, module = made.call, made.module
        application = call.args[0] if call.args else None
        keywords = {k.arg: k.value for k in call.keywords if k.arg}
        application = application if application is not None else keywords.get("app")
        if application is None:
            return
        source = module.source(application)
        transport = f"app={source}"
        if "raise_server_exceptions" in keywords:
            value = module.source(keywords["raise_server_exceptions"])
            transport += f", raise_app_exceptions={value}"
        parts = [f"transport=ASGITransport({transport})"]
        base = keywords.get("base_url")
        parts.append(f"base_url={module.source(base) if base else repr('http://testserver')}")
        for name in ("headers", "cookies"):
            if name in keywords:
                parts.append(f"{name}={module.source(keywords[name])}")
        if "follow_redirects" in keywords:
            parts.append(f"follow_redirects={module.source(keywords['follow_redirects'])}")
        else:
            parts.append("follow_redirects=True")
        for name in ("ASGITransport", "AsyncClient"):
            self.draft.add_import(module, "httpx", name)
        self.draft.drop_import(module, "fastapi.testclient", "TestClient")
        self.draft.drop_import(module, "starlette.testclient", "TestClient")
        new = f"AsyncClient({', '.join(parts)})".replace("'", _quote(module))
        item = module.parent(call)
        if isinstance(item, ast.withitem):
            statement = module.parent(item)
            assert isinstance(statement, ast.With)
            self.draft.edit(module, statement, MakeAsync())
        self.draft.edit(module, call, Rewrite(new))

    def _request(self, request: ClientCall) -> None:
        call, module = request.call, request.module
        renamed = [k for k in call.keywords if k.arg == "allow_redirects"]
        for keyword in renamed:
            value = module.source(keyword.value)
            self.draft.edit(
                module,
                call,
                Arguments(("allow_redirects",), (("follow_redirects", value),)),
            )
        body = any(k.arg in ("json", "data", "content", "files") for k in call.keywords)
        if request.method in ("delete", "get", "head", "options") and body:
            self.draft.edit(module, call, Rename("request"))
            self.draft.edit(
                module,
                call,
                Rewrite(f'{{func}}("{request.method.upper()}", {{args}})'),
            )
        if not self.draft.done(call, Await()):
            await_call(self.analysis, self.draft, call, module)

    def _client_annotations(self) -> None:
        clients = self.analysis.clients
        if not clients.made:
            return
        for module in self.program.modules.mentioning(("TestClient",)):
            if not clients.covers(module):
                continue
            for node in module.syntax.references.get("TestClient", ()):
                parent = module.parent(node)
                if isinstance(parent, ast.Call) and parent.func is node:
                    continue
                if isinstance(parent, ast.ClassDef):
                    continue  # A client of the tests' own has its own constructor and methods.
                if any(
                    isinstance(v, External) and v.name == known.TEST_CLIENT
                    for v in self.program.infer(node, module)
                ):
                    self.draft.edit(module, node, Rename("AsyncClient"))
                    self.draft.add_import(module, "httpx", "AsyncClient")
                    self.draft.drop_import(module, "fastapi.testclient", "TestClient")
                    self.draft.drop_import(module, "starlette.testclient", "TestClient")


def _quote(module: Module) -> str:
    """The quote that a module uses more often."""
    text = module.file.text
    return '"' if text.count('"') >= text.count("'") else "'"


def _is_annotated(module: Module) -> bool:
    """Whether the functions of a module say what they return."""
    functions = list(module.functions.values())
    said = sum(function.definition.returns is not None for function in functions)
    return 2 * said > len(functions)


def _keyword(function: Function, name: str) -> bool:
    return any(
        isinstance(d, ast.Call)
        and any(
            k.arg == name and isinstance(k.value, ast.Constant) and bool(k.value.value)
            for k in d.keywords
        )
        for d in function.definition.decorator_list
    )


def _names(fixture: Function) -> list[str]:
    return [
        str(k.value.value)
        for d in fixture.definition.decorator_list
        if isinstance(d, ast.Call)
        for k in d.keywords
        if k.arg == "name" and isinstance(k.value, ast.Constant)
    ]


def _topmost(folders: set[str]) -> list[str]:
    """The folders that lie in no other of them."""
    return [
        folder
        for folder in sorted(folders)
        if not any(o != folder and (not o or folder.startswith(o + "/")) for o in folders)
    ]
