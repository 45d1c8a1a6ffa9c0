"""Path operations: how they answer, and what a streamed answer would change of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import UNKNOWN, Values
from codemods.facts.web import Route
from codemods.passes.streaming_response.reads import LeftError

_ROUTERS = frozenset({known.FASTAPI, known.ROUTER})
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_LISTS = frozenset({"builtins.list", "collections.abc.Sequence"})
_RESPONSES = frozenset(
    {"fastapi.Response", "fastapi.responses.Response", "starlette.responses.Response"}
)
_TASKS = "fastapi.BackgroundTasks"
_OPTIONS = ("by_alias", "exclude_unset", "exclude_defaults", "exclude_none", "include", "exclude")
#: Keywords anywhere in the application that change how path operations answer.
_APPLICATION_WIDE = {
    "default_response_class": "the application has a response class of its own",
    "route_class": "the application has a route class of its own",
    "generate_response": "the application makes its responses itself",
}
#: What only the routes of the routers have that are made with it.
_OF_ROUTER = "route_class"
#: Those of them that do not matter to a response that the path operation makes itself.
_OF_MODELS = frozenset({_APPLICATION_WIDE["default_response_class"]})
#: Statuses that have no body.
_WITHOUT_BODY = ("204", "205", "304")


@dataclass(frozen=True)
class Answer:
    """How a path operation answers: its response model and options as source text.

    ``values`` is what the response model means, ``annotated`` says that it is the annotation.
    """

    route: Route
    model: str
    values: Values
    annotated: bool
    options: tuple[tuple[str, str], ...]


class Answers:
    """How the path operations of a program answer."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, function: Function, routes: list[Route]) -> Answer:
        """How a path operation answers; raises ``LeftError`` where it can't be streamed."""
        route = self._route(function, routes)
        self._check_parameters(function)
        for reason in (*self._of_call(route.call, route.module), *self._around(route)):
            raise LeftError(reason)
        node, annotated = self._model(function, route)
        module = function.module
        return Answer(
            route,
            module.source(node) if node is not None else "",
            self.program.annotation(node, module) if node is not None else UNKNOWN,
            annotated,
            tuple(self._options(route, function)),
        )

    def _route(self, function: Function, routes: list[Route]) -> Route:
        """The one path operation that a function is."""
        if len(routes) != 1:
            raise LeftError("it is registered as several path operations")
        [route] = routes
        if route.call not in function.definition.decorator_list:
            raise LeftError("it is not registered by a decorator")
        if len(function.definition.decorator_list) > 1:
            raise LeftError("another decorator sees what it returns")
        if function.is_method:
            raise LeftError("it is a method")
        if route.method not in _METHODS:
            raise LeftError(f"it is registered by {route.method}()")
        if self.program.calls.references(function):
            raise LeftError("it is also called by other code")
        return route

    def check_response(self, function: Function, routes: list[Route]) -> None:
        """Raise ``LeftError`` where the response that a path operation makes can't be streamed."""
        route = self._route(function, routes)
        for asker, argument in self._asked(function, set()):
            if _TASKS in self._annotated_as(argument, asker):
                raise LeftError(f"{asker.name} adds tasks that run after the answer")
        for reason in self._around(route):
            if reason not in _OF_MODELS:
                raise LeftError(reason)
        for keyword in route.call.keywords:
            if keyword.arg is None:
                raise LeftError("the options of its path operation are not written out")

    # -- the response model ------------------------------------------------------------------

    def _model(self, function: Function, route: Route) -> tuple[ast.expr | None, bool]:
        given = next((k.value for k in route.call.keywords if k.arg == "response_model"), None)
        node = given if given is not None else function.definition.returns
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            if node is not None and given is None:
                raise LeftError("it is annotated to return None")
            return None, False
        if not self._is_list(node, function.module):
            raise LeftError(f"its response model is {ast.unparse(node)}, not a list of a type")
        self._check_names(node, function)
        return node, given is None

    def _is_list(self, node: ast.expr, module: Module) -> bool:
        if isinstance(node, ast.Name | ast.Attribute):
            alias = self.program.type_alias(node, module)
            return alias is not None and self._is_list(*alias)
        return (
            isinstance(node, ast.Subscript)
            and not isinstance(node.slice, ast.Tuple)
            and known.canonical(self.program.outside_name(node.value, module)) in _LISTS
        )

    @staticmethod
    def _check_names(node: ast.expr, function: Function) -> None:
        """The expression has to mean the same within the function."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in function.bindings:
                raise LeftError(f"{inner.id} means something else within the function")

    # -- options -----------------------------------------------------------------------------

    def _options(self, route: Route, function: Function) -> Iterator[tuple[str, str]]:
        keywords = {k.arg: k.value for k in route.call.keywords}
        if None in keywords:
            raise LeftError("the options of its path operation are not written out")
        if "response_class" in keywords:
            raise LeftError("it has a response class of its own")
        status = keywords.get("status_code")
        if status is not None:
            text = function.module.source(status)
            if any(code in text for code in _WITHOUT_BODY):
                raise LeftError("its status allows no body")
            self._check_names(status, function)
            yield "status_code", text
        for option in _OPTIONS:
            value = keywords.get(f"response_model_{option}")
            if value is None:
                continue
            if option in ("include", "exclude"):
                self._check_of_items(value, option)
            elif not isinstance(value, ast.Constant):
                raise LeftError(f"response_model_{option} is not a constant")
            yield option, function.module.source(value)

    @staticmethod
    def _check_of_items(value: ast.expr, option: str) -> None:
        """Only ``{"__all__": ...}`` means the same for a part of the list."""
        match value:
            case ast.Constant(value=None):
                return
            case ast.Dict(keys=[ast.Constant(value="__all__")], values=[inner]) if all(
                isinstance(node, ast.Dict | ast.Set | ast.Constant | ast.expr_context)
                for node in ast.walk(inner)
            ):
                return
        raise LeftError(f"response_model_{option} picks items by their place")

    # -- parameters --------------------------------------------------------------------------

    def _check_parameters(self, function: Function) -> None:
        for asker, argument in self._asked(function, set()):
            names = self._annotated_as(argument, asker)
            if names & _RESPONSES:
                raise LeftError(f"{asker.name} may set headers or a status on the answer")
            if _TASKS in names:
                raise LeftError(f"{asker.name} adds tasks that run after the answer")

    def _asked(self, function: Function, seen: set[Function]) -> Iterator[tuple[Function, ast.arg]]:
        """The parameters of a function and of its dependencies."""
        if function in seen:
            return
        seen.add(function)
        for argument in function.parameters:
            depends = self.program.web.depends(function, argument)
            if depends is None:
                yield function, argument
                continue
            found = self._functions(depends.expression, depends.module)
            if not found and not self._is_harmless(depends.expression, depends.module):
                raise LeftError(
                    f"what the dependency {ast.unparse(depends.expression)} does to the answer is "
                    "not known"
                )
            for inner in found:
                yield from self._asked(inner, seen)

    def _functions(self, node: ast.expr, module: Module) -> list[Function]:
        """What FastAPI calls for a dependency: a function, an ``__init__`` or a ``__call__``."""
        return self.program.called_functions(ast.Call(func=node, args=[], keywords=[]), module)

    def _is_harmless(self, node: ast.expr, module: Module) -> bool:
        """A class of the code base or of FastAPI's security: neither sees the response."""
        values = self.program.infer(node, module)
        return bool(values) and all(
            (
                isinstance(name := getattr(value, "cls", getattr(value, "name", "")), str)
                and name.startswith("fastapi.security.")
            )
            or not isinstance(name, str)
            for value in values
        )

    def _annotated_as(self, argument: ast.arg, function: Function) -> set[str]:
        if argument.annotation is None:
            return set()
        return {
            name
            for node in ast.walk(argument.annotation)
            if isinstance(node, ast.Name | ast.Attribute)
            if (name := self.program.outside_name(node, function.module))
        }

    # -- the whole application ---------------------------------------------------------------

    def _around(self, route: Route) -> Iterator[str]:
        """What changes the answers of a path operation from outside."""
        yield from self.application_wide
        if self._route_classes and not self._is_of_plain_router(route):
            yield _APPLICATION_WIDE[_OF_ROUTER]

    @cached_property
    def _route_classes(self) -> bool:
        """Whether some router is made with a route class."""
        return any(
            isinstance(node, ast.keyword) and node.arg == _OF_ROUTER
            for module in self.program.modules.mentioning((_OF_ROUTER,))
            for node in ast.walk(module.tree)
        )

    def _is_of_plain_router(self, route: Route) -> bool:
        """Whether the router of a path operation is known to be made without a route class."""
        if not isinstance(route.call.func, ast.Attribute):
            return False
        match self.program.definition(route.call.func.value, route.module):
            case [ast.Call() as made, module]:
                return self.program.outside_name(made.func, module) in _ROUTERS and not any(
                    keyword.arg in (None, _OF_ROUTER) for keyword in made.keywords
                )
        return False

    @cached_property
    def application_wide(self) -> tuple[str, ...]:
        """What in the application changes the answers of all path operations."""
        return tuple(dict.fromkeys(self._application_wide()))

    def _application_wide(self) -> Iterator[str]:
        program = self.program
        for module in program.modules.mentioning(tuple(_APPLICATION_WIDE)):
            for node in ast.walk(module.tree):
                match node:
                    case (
                        ast.keyword(arg=str() as name) | ast.Attribute(attr=name, ctx=ast.Store())
                    ) if name in _APPLICATION_WIDE:
                        if name != _OF_ROUTER or isinstance(node, ast.Attribute):
                            yield _APPLICATION_WIDE[name]
        for module in program.modules:
            if "content-length" in module.file.text.lower():
                yield f"{module.path} uses the header Content-Length, which a stream has not"
        for module in program.modules.mentioning(("StaticPool",)):
            if not program.web.in_tests(module):
                yield "all requests share one connection (StaticPool)"
        for module in program.modules.mentioning(("dependencies",)):
            yield from self._of_all(module)

    def _of_all(self, module: Module) -> Iterator[str]:
        """Dependencies of routers and applications see the answers of all their operations."""
        operations = {route.call for found in self.program.web.routes.values() for route in found}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and node not in operations:
                yield from self._of_call(node, module)

    def _of_call(self, call: ast.Call, module: Module) -> Iterator[str]:
        """What the dependencies of a path operation, a router or an application do."""
        for keyword in call.keywords:
            if keyword.arg != "dependencies":
                continue
            if not isinstance(keyword.value, ast.List | ast.Tuple):
                yield f"what the dependencies {ast.unparse(keyword.value)} do is not known"
                continue
            for marker in keyword.value.elts:
                if isinstance(marker, ast.Call) and marker.args:
                    yield from self._of_dependency(marker.args[0], module)
                else:
                    yield f"what the dependency {ast.unparse(marker)} does is not known"

    def _of_dependency(self, node: ast.expr, module: Module) -> Iterator[str]:
        functions = self._functions(node, module)
        if not functions and not self._is_harmless(node, module):
            yield f"what the dependency {ast.unparse(node)} does to answers is not known"
        for function in functions:
            try:
                self._check_parameters(function)
            except LeftError as error:
                yield str(error)
