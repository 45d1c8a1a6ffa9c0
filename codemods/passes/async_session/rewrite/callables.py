"""``Callable[..., T]`` says ``Awaitable[T]`` where the functions behind it became async."""

from __future__ import annotations

import ast

from codemods.edits.actions import Rename, Rewrite
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue, Values
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.rewrite.functions import ASYNC_GENERICS, imported_from
from codemods.plan.draft import Draft

#: What a function of that kind gives, by the name that is written in the annotation.
_ENTERED = {
    "ContextManager": "AsyncContextManager",
    "AbstractContextManager": "AbstractAsyncContextManager",
}


def edit_callables(analysis: Analysis, draft: Draft) -> None:
    """Change the annotations of parameters, results and attributes that hold async functions."""
    writer = _Writer(analysis, draft)
    for module in analysis.program.modules.mentioning(("Callable", *_aliased(analysis))):
        for function in module.functions.values():
            for argument in function.parameters:
                if argument.annotation is not None:
                    values = analysis.program.parameter(function, argument)
                    values |= writer.called(function, argument.arg)
                    writer.change(argument.annotation, module, values)
            if function.definition.returns is not None:
                values = analysis.program.inference.returned(function)
                writer.change(function.definition.returns, module, values)
        for cls in module.classes.values():
            for bindings in cls.attributes.values():
                for binding in bindings:
                    if binding.annotation is not None and binding.value is not None:
                        values = analysis.program.infer(binding.value, module)
                        writer.change(binding.annotation, module, values)


def _aliased(analysis: Analysis) -> set[str]:
    """The names of module-level aliases of a ``Callable``."""
    return {
        name
        for module in analysis.program.modules.mentioning(("Callable",))
        for name, bindings in module.scope.bindings.items()
        if any(isinstance(binding.value, ast.Subscript | ast.BinOp) for binding in bindings)
    }


class _Writer:
    def __init__(self, analysis: Analysis, draft: Draft) -> None:
        self.analysis = analysis
        self.program = analysis.program
        self.draft = draft
        self._seen: set[ast.expr] = set()
        self._called: dict[tuple[Function | None, str], list[Function]] = {}
        for awaited in analysis.colours.calls:
            if isinstance(awaited.call, ast.Call) and isinstance(awaited.call.func, ast.Name):
                key = awaited.caller, awaited.call.func.id
                self._called.setdefault(key, []).append(awaited.callee)

    def change(self, node: ast.expr, module: Module, values: Values) -> None:
        """Change an annotation of something with these values."""
        for value in values:
            if isinstance(value, FunctionValue) and self._flipped(value.function):
                self._annotation(node, module, value.function)
                return

    def called(self, function: Function, name: str) -> Values:
        """The functions that lambdas for a parameter call, and that are awaited there."""
        return frozenset(FunctionValue(f) for f in self._called.get((function, name), ()))

    def _flipped(self, function: Function) -> bool:
        return self.analysis.is_coroutine(function) and not function.is_async

    def _annotation(self, node: ast.expr, module: Module, function: Function) -> None:
        match node:
            case ast.Name() | ast.Attribute():
                alias = self.program.type_alias(node, module)
                if alias is not None:
                    self._annotation(*alias, function)
            case ast.BinOp(left=left, right=right):
                self._annotation(left, module, function)
                self._annotation(right, module, function)
            case ast.Subscript(slice=ast.Tuple(elts=[_, result])) if self._is(
                node.value, module, known.CALLABLE
            ):
                if result not in self._seen:
                    self._seen.add(result)
                    self._result(node.value, result, module, function)
            case ast.Subscript(slice=inner) if self._is(node.value, module, "typing.Optional"):
                self._annotation(inner, module, function)

    def _is(self, node: ast.expr, module: Module, name: str) -> bool:
        return known.canonical(self.program.outside_name(node, module)) == name

    def _result(
        self, callable_: ast.expr, result: ast.expr, module: Module, function: Function
    ) -> None:
        if not function.is_generator:
            self.draft.edit(
                module, result, Rewrite(f"{self._awaitable(callable_, module)}[{{self}}]")
            )
            return
        base = result.value if isinstance(result, ast.Subscript) else result
        if not isinstance(base, ast.Name | ast.Attribute):
            return
        written = base.id if isinstance(base, ast.Name) else base.attr
        name = known.canonical(self.program.outside_name(base, module))
        new = _ENTERED.get(written, "") if name == known.CONTEXT else ASYNC_GENERICS.get(name, "")
        if not new:
            return
        self.draft.edit(module, base, Rename(new))
        if isinstance(base, ast.Name) and (source := imported_from(base.id, module)):
            self.draft.add_import(module, source, new)
            self.draft.drop_import(module, source, base.id)

    def _awaitable(self, callable_: ast.expr, module: Module) -> str:
        """``Awaitable``, from where ``Callable`` comes from."""
        if isinstance(callable_, ast.Attribute):
            return f"{module.source(callable_.value)}.Awaitable"
        assert isinstance(callable_, ast.Name)
        source = imported_from(callable_.id, module) or "collections.abc"
        return self.draft.add_import(module, source, "Awaitable")
