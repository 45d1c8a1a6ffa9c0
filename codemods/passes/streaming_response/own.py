"""Sessions of their own for streamed answers, where FastAPI closes that of the request before."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.edits import Import
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.streaming_response.helper import Helper, Placement
from codemods.passes.streaming_response.reads import LeftError
from codemods.passes.streaming_response.sessions import Sessions

_REQUESTS = frozenset({"fastapi.Request", "fastapi.requests.Request", "starlette.requests.Request"})
_REQUEST = "request"
#: What a session of its own would not see before it is committed.
_WRITES = frozenset(
    "add add_all begin begin_nested commit connection delete execute_options flush merge "
    "merge_all rollback run_sync".split()
)
#: By what a dependency keeps what was only changed on objects.
_COMMITS = frozenset({"commit", "begin"})
_STATEMENTS = frozenset(
    f"{library}.{name}"
    for library in (
        "sqlalchemy",
        "sqlmodel",
        "sqlalchemy.dialects.postgresql",
        "sqlalchemy.dialects.sqlite",
        "sqlalchemy.dialects.mysql",
    )
    for name in ("insert", "update", "delete", "text")
)


@dataclass(frozen=True)
class Own:
    """What a path operation needs to read by a session of its own.

    ``dependency`` is the name of the dependency, ``session`` that of its parameter; ``request`` is
    the parameter with the request, which is ``added`` where there is none.
    """

    dependency: str
    session: str
    request: str
    added: bool
    imports: tuple[Import, ...]

    def reading(self, template: str) -> str:
        """A call that reads, by a session of its own."""
        reader = f"lambda {self.session}: {template}"
        return f"own_rows({self.request}, {self.dependency}, {self.session}, {reader})"


class OwnSessions:
    """Decides whether a path operation can read by a session of its own."""

    def __init__(self, program: Program, sessions: Sessions) -> None:
        self.program = program
        self.sessions = sessions

    def of(self, function: Function, session: ast.expr, call: ast.Call) -> Own:
        """What it needs; raises ``LeftError`` where another session would see other rows."""
        provider = self.sessions.provider(session, function)
        assert isinstance(session, ast.Name)
        if provider.parameters:
            raise LeftError(f"{provider.qualname} has parameters, so nothing else can call it")
        if any(isinstance(node, ast.Await) for node in ast.walk(call)):
            raise LeftError("it waits for something to build its query")
        self._check_writes(function, provider)
        name, imports = self._named(provider, session, function)
        request = next(
            (a.arg for a in function.parameters if self._is_request(a, function.module)), ""
        )
        if not request:
            if _REQUEST in function.bindings:
                raise LeftError(f"{_REQUEST} means something else within the function")
            imports = (*imports, Import("fastapi", "Request"))
        return Own(name, session.id, request or _REQUEST, not request, imports)

    def _is_request(self, argument: ast.arg, module: Module) -> bool:
        return (
            argument.annotation is not None
            and self.program.outside_name(argument.annotation, module) in _REQUESTS
        )

    def _named(
        self, provider: Function, session: ast.Name, function: Function
    ) -> tuple[str, tuple[Import, ...]]:
        """The dependency as its function can name it."""
        argument = self.sessions.parameter(session, function)
        depends = self.program.web.depends(function, argument) if argument else None
        module = function.module
        imports: tuple[Import, ...] = ()
        if depends is not None and depends.module is module:
            name = module.source(depends.expression)
        else:
            name, imports = provider.name, (self._import(provider, module),)
            if name in module.scope.bindings and not self._is_same(name, provider, module):
                raise LeftError(f"{name} means something else in {module.path}")
        if name.partition(".")[0] in function.bindings:
            raise LeftError(f"{name} means something else within the function")
        return name, imports

    def _is_same(self, name: str, provider: Function, module: Module) -> bool:
        node = ast.Name(id=name, ctx=ast.Load())
        found = self.program.inference.name(node.id, module.scope)
        return any(getattr(value, "function", None) is provider for value in found)

    def _import(self, provider: Function, module: Module) -> Import:
        if provider.parent is None or not provider.parent.is_module:
            raise LeftError(f"how it would import {provider.qualname} is not known")
        stem = provider.module.path.rpartition("/")[2].removesuffix(".py")
        spelling = Placement(self.program, provider.module, Helper(stem, "")).spelling(module)
        if stem == "__init__" or spelling is None:
            raise LeftError(f"how it would import {provider.qualname} is not known")
        return Import(spelling, provider.name)

    # -- what the request's session has not committed ----------------------------------------

    def _check_writes(self, function: Function, provider: Function) -> None:
        if any(getattr(node, "attr", "") in _COMMITS for node in provider.nodes):
            raise LeftError(
                f"{provider.qualname} commits at the end of the request, which FastAPI reaches "
                "before a streamed answer is sent"
            )
        seen = {provider}
        waiting = [function, *self.program.web.dependencies(function)]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            for node in current.nodes:
                if not isinstance(node, ast.Call):
                    continue
                if self._writes(node, current.module):
                    raise LeftError(
                        f"{current.qualname} writes by the session of the request, which FastAPI "
                        "closes before a streamed answer is sent; another one would not see that"
                    )
                waiting += self.program.called_functions(node, current.module)

    def _writes(self, call: ast.Call, module: Module) -> bool:
        if self.program.outside_name(call.func, module) in _STATEMENTS:
            return True
        return (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in _WRITES
            and self.program.is_a(call.func.value, module, known.ASYNC_SESSION)
        )
