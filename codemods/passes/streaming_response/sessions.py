"""Which session a list is read by, and whether it stays open until the answer is sent."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.streaming_response.reads import LeftError


class Sessions:
    """The sessions that dependencies give to path operations."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def provider(self, session: ast.expr, function: Function) -> Function:
        """The dependency that keeps the session of a path operation open; else ``LeftError``."""
        argument = self.parameter(session, function)
        if argument is None:
            raise LeftError("its session is not a parameter")
        depends = self.program.web.depends(function, argument)
        if depends is None:
            raise LeftError("its session does not come from a dependency")
        if any(keyword.arg == "scope" for keyword in depends.marker.keywords):
            raise LeftError("its session is closed before the answer is sent (scope)")
        found = self.program.web.dependency_functions(depends)
        if len(found) != 1 or not all(self._keeps_open(provider) for provider in found):
            raise LeftError("its session does not come from a dependency that yields it")
        return found[0]

    def parameter(self, session: ast.expr, function: Function) -> ast.arg | None:
        """The parameter that an expression is, if nothing else is bound to its name."""
        if not isinstance(session, ast.Name) or len(function.bindings.get(session.id, ())) != 1:
            return None
        return next((a for a in function.parameters if a.arg == session.id), None)

    def _keeps_open(self, provider: Function) -> bool:
        """Whether a dependency yields, once, a session that it opened itself."""
        if len(provider.yields) != 1:
            return False
        given = provider.yields[0].value
        if isinstance(given, ast.Call):
            return False
        if not isinstance(given, ast.Name):
            return False
        bindings = provider.bindings.get(given.id, [])
        return bool(bindings) and all(
            binding.kind in ("with", "assign", "annotated")
            and isinstance(binding.value, ast.Call | ast.Await)
            and _encloses(binding.node, provider.yields[0], provider.module, binding.kind)
            for binding in bindings
        )


def _encloses(node: ast.AST, given: ast.AST, module: Module, kind: str) -> bool:
    """A with statement that opens the session has to be around the yield."""
    if kind != "with":
        return True
    return any(
        parent is node or node in ast.walk(parent)
        for parent in module.ancestors(given)
        if isinstance(parent, ast.With | ast.AsyncWith)
    )
