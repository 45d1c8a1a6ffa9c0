"""Sessions that an object keeps: a service or repository that is made for a request."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue
from codemods.passes.streaming_response.reads import LeftError
from codemods.passes.streaming_response.sessions import Sessions


@dataclass(frozen=True)
class Given:
    """A session as the function that asks for it names it: a path operation or a dependency."""

    session: ast.expr
    function: Function


class Held:
    """Finds where the session comes from that a method reads by."""

    def __init__(self, program: Program, sessions: Sessions) -> None:
        self.program = program
        self.sessions = sessions

    def given(
        self, session: ast.expr, method: Function, call: ast.Call, caller: Function
    ) -> Given | None:
        """Who is given the session that ``method`` has from its object, as ``caller`` calls it."""
        cls = method.parent
        if not isinstance(cls, Class) or not self._is_attribute(session, method):
            return None
        assert isinstance(session, ast.Attribute)
        stored = self._stored(session.attr, cls)
        if stored is None or not isinstance(call.func, ast.Attribute):
            return None
        initializer, parameter = stored
        if isinstance(call.func.value, ast.Call):
            return self._made(call.func.value, caller, initializer, parameter)
        argument = self.sessions.parameter(call.func.value, caller)
        depends = self.program.web.depends(caller, argument) if argument is not None else None
        if depends is None or any(k.arg == "scope" for k in depends.marker.keywords):
            return None
        if self._is_overridden(depends.expression, depends.module):
            raise LeftError(f"tests override {ast.unparse(depends.expression)}, whose list it is")
        if self._is_class(depends.expression, depends.module, cls):
            return Given(ast.Name(parameter.arg, ast.Load()), initializer)
        found = self.program.web.dependency_functions(depends)
        if len(found) != 1 or found[0].is_generator or len(found[0].returns) != 1:
            return None
        if found[0].definition.decorator_list:
            return None
        made = found[0].returns[0].value
        if not isinstance(made, ast.Call):
            return None
        return self._made(made, found[0], initializer, parameter)

    @staticmethod
    def _is_attribute(session: ast.expr, method: Function) -> bool:
        match session:
            case ast.Attribute(value=ast.Name(id=name)) if method.parameters:
                return name == method.parameters[0].arg and len(method.bindings[name]) == 1
        return False

    def _stored(self, attribute: str, cls: Class) -> tuple[Function, ast.arg] | None:
        """The parameter of ``__init__`` that an attribute is for as long as its object lives."""
        found: list[tuple[Function, ast.arg]] = []
        for module in self.program.modules.mentioning((attribute,)):
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.Attribute) or node.attr != attribute:
                    continue
                if isinstance(node.ctx, ast.Load):
                    continue
                function = module.function_of(node)
                owner = function.parent if function is not None else None
                if (
                    function is not None
                    and isinstance(owner, Class)
                    and not self._is_related(owner, cls)
                    and self._is_attribute(node, function)
                ):
                    continue
                match module.parent(node):
                    case ast.Assign(value=ast.Name() as value) if (
                        function is not None and owner is cls and function.name == "__init__"
                    ):
                        parameter = self.sessions.parameter(value, function)
                        if parameter is None or not self._is_attribute(node, function):
                            return None
                        found.append((function, parameter))
                    case _:
                        return None
        return found[0] if len(found) == 1 else None

    def _is_related(self, one: Class, other: Class) -> bool:
        return other in self.program.mro(one) or one in self.program.mro(other)

    def _is_overridden(self, node: ast.expr, module: Module) -> bool:
        wanted = set(self.program.infer(node, module))
        return any(
            not wanted.isdisjoint(self.program.infer(override.original, override.module))
            for override in self.program.web.overrides
        )

    def _is_class(self, node: ast.expr, module: Module, cls: Class) -> bool:
        values = self.program.infer(node, module)
        return bool(values) and all(isinstance(v, ClassValue) and v.cls is cls for v in values)

    def _made(
        self, made: ast.Call, function: Function, initializer: Function, parameter: ast.arg
    ) -> Given | None:
        """The session that a function gives to the object that it makes."""
        cls = initializer.parent
        if not isinstance(cls, Class) or not self._is_class(made.func, function.module, cls):
            return None
        session = self.program.calls.argument(made, initializer, parameter)
        return Given(session, function) if session is not None else None


__all__ = ["Given", "Held"]
