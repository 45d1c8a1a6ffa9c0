"""The path operations that a test asks for: by method and path, as far as its text says."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function

if TYPE_CHECKING:
    from codemods.facts.program import Program
    from codemods.facts.web import Route

_VERBS = frozenset("get post put patch delete options head request".split())
#: Stands for a part of a path that is made at run time.
_HOLE = "{}"
_DEEPEST = 5


class Requests:
    """Answers which path operations a call of a test's client can reach."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def asked(self, call: ast.Call, module: Module) -> list[Function]:
        """The path operations that a request is for; none where the call is no request."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _VERBS:
            return []
        verb, paths = call.func.attr, call.args[:1]
        if verb == "request":
            method, paths = call.args[:1], call.args[1:2]
            known = method[0] if method else None
            verb = str(known.value).lower() if isinstance(known, ast.Constant) else ""
        paths += [k.value for k in call.keywords if k.arg == "url"]
        if not paths or (path := self.text(paths[0], module)) is None:
            return []
        segments = _segments(path)
        return [
            function
            for method, pattern, function in self._operations
            if (method == verb or not verb or method in ("api_route", "route", "add_api_route"))
            and _ends(segments, pattern)
        ]

    def text(self, node: ast.expr, module: Module, depth: int = 0) -> str | None:
        """The text of an expression, with ``{}`` for what is not known; None where it is none."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=values):
                return "".join(self._part(value, module, depth) for value in values)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                parts = [self.text(side, module, depth) for side in (left, right)]
                known = [part for part in parts if part is not None]
                return "".join(p if p is not None else _HOLE for p in parts) if known else None
            case ast.Call(func=ast.Attribute(value=value, attr="format")):
                formatted = self.text(value, module, depth)
                return None if formatted is None else re.sub(r"\{[^}]*\}", _HOLE, formatted)
            case ast.Name() | ast.Attribute() if depth < _DEEPEST:
                found = self.program.definition(node, module)
                if found is not None and found[0] is not node:
                    return self.text(*found, depth + 1)
        return None

    def _part(self, value: ast.expr, module: Module, depth: int) -> str:
        if isinstance(value, ast.FormattedValue):
            value = value.value
        text = self.text(value, module, depth)
        return _HOLE if text is None else text

    @cached_property
    def _operations(self) -> list[tuple[str, tuple[str, ...], Function]]:
        """Each path operation, with its method and the last segments of its path."""
        return [
            (route.method, _segments(self._path(route)), function)
            for function, routes in self.program.web.routes.items()
            for route in routes
        ]

    def _path(self, route: Route) -> str:
        """The path of an operation behind the prefix of its own router."""
        call, module = route.call, route.module
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "path")]
        path = (self.text(given[0], module) if given else None) or ""
        assert isinstance(call.func, ast.Attribute)
        router = self.program.definition(call.func.value, module)
        if router is not None and isinstance(router[0], ast.Call):
            for keyword in router[0].keywords:
                if keyword.arg == "prefix":
                    path = (self.text(keyword.value, router[1]) or "") + path
        return path


def _segments(path: str) -> tuple[str, ...]:
    path = re.sub(r"^https?://[^/]*", "", path).partition("?")[0]
    return tuple(
        _HOLE if "{" in segment else segment for segment in path.split("/") if segment != ""
    )


def _ends(segments: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path can be one that ends as a pattern says: routers can have prefixes."""
    if len(pattern) > len(segments):
        # What is made at run time can have any number of segments.
        rest = pattern[len(pattern) - len(segments) + 1 :]
        return bool(segments) and segments[0] == _HOLE and _ends(segments[1:], rest)
    tail = segments[len(segments) - len(pattern) :]
    return all(_HOLE in pair or pair[0] == pair[1] for pair in zip(tail, pattern, strict=True))
