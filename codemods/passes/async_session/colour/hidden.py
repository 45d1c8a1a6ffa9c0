"""What goes on loading where it is read: a lazy relationship that no query could be told to load.

An async session raises ``MissingGreenlet`` there. So such a function stays sync; where it gets its
objects from an async one, that one runs it within ``run_sync`` of its session.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.config import Options
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.descriptors import is_property
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance
from codemods.findings import Finding
from codemods.passes.async_session.colour.validated import READ_LAZILY, Validation
from codemods.passes.async_session.sessions.silenced import innermost
from codemods.passes.async_session.sessions.sites import CREATE, Site
from codemods.plan.climb import Cause
from codemods.plan.colours import Colouring

#: Beside them, dynamic relationships.
_CODES = READ_LAZILY | {"LL306"}


def hidden(
    program: Program, options: Options, sites: list[Site], validated: list[Validation]
) -> dict[Function, Cause]:
    """The functions that read what is loaded lazily; those of tests are the tests' business.

    What is ``validated`` or read within ``run_sync`` may load.
    """
    found: dict[Function, Cause] = {}
    places = {one.place for one in validated}
    if not any(not program.web.in_tests(site.module) for site in sites):
        return found
    for finding in options.left:
        module = program.modules.get(finding.path)
        if finding.code not in _CODES or module is None or program.web.in_tests(module):
            continue
        if (finding.path, finding.line, finding.column) in places:
            continue
        function = innermost(module, finding.line)
        if function is not None and not _is_async_already(program, function):
            found.setdefault(function, Cause(_text(finding)))
    for site in sites:
        function = site.function
        if function is not None and is_property(function) and _asks_its_object(program, function):
            found.setdefault(function, Cause("is a property that asks the session of its object"))
    return found | _using(program, found)


def _asks_its_object(program: Program, function: Function) -> bool:
    """Whether a function gets its session by ``object_session(self)``."""
    module = function.module
    return any(
        module.function_around(call) is function
        and program.outside_name(call.func, module) == "sqlalchemy.orm.object_session"
        for call in module.syntax.calls.get("object_session", ())
    )


def _text(finding: Finding) -> str:
    return f"reads what is loaded lazily in {finding.path}:{finding.line} ({finding.message})"


def _is_async_already(program: Program, function: Function) -> bool:
    """Whether a function works with an async session as it stands."""
    return any(
        program.instances(program.parameter(function, argument), known.ASYNC_SESSION)
        for argument in function.parameters
    )


def _using(program: Program, found: dict[Function, Cause]) -> dict[Function, Cause]:
    """What awaits such functions, reads such properties, or hands such functions on.

    An ordinary call of one can be run by a bridge; these have to stay as they are.
    """
    more: dict[Function, Cause] = {}
    waiting = list(found)
    while waiting:
        function = waiting.pop()
        for user in _users(program, function):
            if user in found or user in more or program.web.in_tests(user.module):
                continue
            more[user] = Cause(f"uses {function.qualname}, which stays as it is", function)
            waiting.append(user)
    return more


def _users(program: Program, function: Function) -> Iterator[Function]:
    if is_property(function):
        yield from _readers(program, function)
    for reference in program.calls.references(function):
        if reference.call is None or function.is_async:
            user = reference.module.function_around(reference.node)
            if user is not None:
                yield user


def _readers(program: Program, function: Function) -> Iterator[Function]:
    """The functions that read a property."""
    for module in program.modules.mentioning((function.name,)):
        for node in module.syntax.references.get(function.name, ()):
            if not isinstance(node, ast.Attribute):
                continue
            user = module.function_around(node)
            owners = [v for v in program.infer(node.value, module) if isinstance(v, Instance)]
            classes = [c for v in owners if isinstance(v.cls, Class) for c in program.mro(v.cls)]
            if user is not None and function.parent in classes:
                yield user


class Hidden:
    """The functions that have to stay sync for what they read, and who gives them objects."""

    def __init__(self, program: Program, found: dict[Function, Cause], sites: list[Site]) -> None:
        self.program = program
        self.found = found
        self._opening = {site.function for site in sites if site.kind == CREATE}

    def handed(self, colours: Colouring) -> dict[Function, Cause]:
        """Async dependencies that give such a function its objects."""
        closed: dict[Function, Cause] = {}
        for function in colours.sync:
            if not self.reads(function, colours):
                continue
            for giver in self._dependencies(function):
                if giver in colours.asynchronous:
                    text = f"gives objects to {function.qualname}, which stays sync"
                    closed.setdefault(giver, Cause(text, function))
        return closed

    def reads(self, function: Function, colours: Colouring) -> bool:
        """Whether a function stays sync because it, or what it calls, reads lazily."""
        seen: set[Function] = set()
        current: Function | None = function
        while current is not None and current not in seen:
            if current in self.found:
                return True
            seen.add(current)
            cause = colours.sync.get(current)
            current = cause.because if cause is not None else None
        return False

    def _dependencies(self, function: Function) -> Iterator[Function]:
        web = self.program.web
        for argument in function.parameters:
            depends = web.depends(function, argument)
            for given in web.dependency_functions(depends) if depends is not None else ():
                if not self.program.instances(web.given(given), known.SESSION):
                    yield given

    def opens_its_own(self, function: Function) -> bool:
        """Whether all objects that a function reads can come from sessions that it opens."""
        return function in self._opening and not any(
            self._may_hold(function, argument) for argument in function.parameters
        )

    def _may_hold(self, function: Function, argument: ast.arg) -> bool:
        values = self.program.parameter(function, argument)
        return not values or bool(self.program.models.entities(values))

    def session(self, call: ast.Call, module: Module) -> ast.expr | None:
        """A session that is at hand where a call stands: it has a greenlet to read in."""
        function = module.function_of(call)
        if function is None:
            return None
        for node in self._expressions(function):
            if isinstance(node, ast.Name) and not _is_bound(node, call, function):
                continue
            if self.program.is_a(node, module, known.SESSION):
                return node
        return None

    @staticmethod
    def _expressions(function: Function) -> Iterator[ast.Name | ast.Attribute]:
        """Names in a function, and attributes of ``self`` in its class."""
        for node in function.nodes:
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Load)
                and function.module.function_of(node) is function
            ):
                yield node
        if not (function.is_method and isinstance(function.parent, Class) and function.parameters):
            return
        own = function.parameters[0].arg
        for method in function.parent.methods:
            if method.parameters and method.parameters[0].arg == own:
                for node in method.nodes:
                    match node:
                        case ast.Attribute(value=ast.Name(id=name), ctx=ast.Load()) if name == own:
                            yield node


def _is_bound(node: ast.Name | ast.Attribute, call: ast.Call, function: Function) -> bool:
    """Whether a name is a parameter, or entered by a ``with`` around a call."""
    assert isinstance(node, ast.Name)
    bindings = function.bindings.get(node.id, ())
    if len(bindings) != 1:
        return False
    if bindings[0].kind == "with":
        return bindings[0].node in set(function.module.ancestors(call))
    return bindings[0].kind == "parameter"
