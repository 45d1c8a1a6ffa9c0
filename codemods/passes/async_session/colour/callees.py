"""What an unknown callee can be: which functions can come to the place that calls it.

``f(*args)`` in a decorator calls what it decorates. A parameter is what its callers pass. What a
library gives back is the application's only if the library was handed it.
"""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function, Scope
from codemods.facts.values import External, FunctionValue

#: They give a function that stands for the one that it is given next.
_WRAPPERS = frozenset(
    """contextlib.asynccontextmanager contextlib.contextmanager functools.cache functools.lru_cache
    functools.singledispatch functools.total_ordering functools.update_wrapper
    functools.wraps""".split()
)
#: Methods of SQLAlchemy that give an operator: ``column.op("~")(pattern)``.
_OPERATORS = frozenset(("bool_op", "op"))
_FAR = 6


class Callees:
    """Answers what can be called where nothing is known of the callee."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._known: dict[ast.Call, frozenset[Function] | None] = {}

    def of(self, call: ast.Call, module: Module) -> frozenset[Function] | None:
        """The functions that a call can mean; None where it can be any that was handed on."""
        if call not in self._known:
            self._known[call] = self._value(call.func, module, 0)
        return self._known[call]

    def _value(self, node: ast.expr, module: Module, depth: int) -> frozenset[Function] | None:
        """The functions that an expression can give, as far as all of them are known."""
        if depth > _FAR:
            return None
        values = self.program.infer(node, module)
        if values:
            if all(isinstance(v, FunctionValue) for v in values):
                return frozenset(v.function for v in values if isinstance(v, FunctionValue))
            return None
        match node:
            case ast.Constant() | ast.Lambda():
                return frozenset()  # what a lambda calls is found in the lambda
            case ast.Call():
                return self._result(node, module)
            case ast.IfExp(body=body, orelse=orelse):
                return self._all([body, orelse], module, depth)
            case ast.BoolOp(values=parts):
                return self._all(parts, module, depth)
            case ast.Name(id=name):
                holder = module.scope_of(node).lookup(name, node)
                return self._bound(holder, name, depth) if holder is not None else None
        return None

    def _all(self, nodes: list[ast.expr], module: Module, depth: int) -> frozenset[Function] | None:
        found: set[Function] = set()
        for node in nodes:
            more = self._value(node, module, depth + 1)
            if more is None:
                return None
            found |= more
        return frozenset(found)

    def _result(self, call: ast.Call, module: Module) -> frozenset[Function] | None:
        """What ``wraps(f)(g)`` or ``column.op("~")(pattern)`` calls: nothing of the application."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in _OPERATORS:
            unknown = not self.program.infer(call.func, module)
            named = self.program.calls.named(call.func.attr)
            return frozenset() if unknown and not named else None
        values = self.program.infer(call.func, module)
        wraps = values and all(isinstance(v, External) and v.name in _WRAPPERS for v in values)
        return frozenset() if wraps else None

    def _bound(self, holder: Scope, name: str, depth: int) -> frozenset[Function] | None:
        """What a name is bound to in a function: by an assignment, a definition or its callers."""
        if isinstance(holder, Class):
            return None
        found: set[Function] = set()
        for binding in holder.bindings.get(name, ()):
            more: frozenset[Function] | None = None
            if binding.kind == "parameter" and isinstance(holder, Function):
                assert isinstance(binding.node, ast.arg)
                more = self._passed(holder, binding.node, depth)
            elif binding.kind == "assign" and binding.value is not None and not binding.path:
                more = self._value(binding.value, holder.module, depth + 1)
            elif binding.kind == "def":
                more = frozenset((holder.module.functions[binding.node],))
            if more is None:
                return None
            found |= more
        return frozenset(found)

    def _passed(
        self, function: Function, argument: ast.arg, depth: int
    ) -> frozenset[Function] | None:
        """What is passed for a parameter, if all callers of the function are known."""
        arguments = function.definition.args
        if argument in (arguments.vararg, arguments.kwarg) or _is_special(function):
            return None
        if self.program.calls.unresolved(function) or function.definition.decorator_list:
            return None
        found: set[Function] = set()
        seen = False
        for reference in self.program.calls.references(function):
            if reference.call is None:
                decorated = self._decorated(function, reference)
                if decorated is None or argument is not function.parameters[0]:
                    return None
                found |= decorated
                seen = True
                continue
            seen = True
            given = self.program.calls.argument(reference.call, function, argument)
            if given is None:
                given = function.default_of(argument)
            if given is None:
                return None
            more = self._value(given, reference.module, depth + 1)
            if more is None:
                return None
            found |= more
        # Who has no caller here is called from somewhere else.
        return frozenset(found) if seen else None

    def _decorated(self, function: Function, reference: Reference) -> set[Function] | None:
        """What a decorator gets, where a reference that is no call makes the function one.

        ``@retried`` gives it what stands below; of ``def timed(metric): def decorator(f): ...;
        return decorator`` it is the inner function that gets it.
        """
        decorated = self.program.calls.decorated_by
        if _decorates(reference.node, reference.module):
            return {*decorated.get(function, ())}
        maker = function.parent
        if not isinstance(maker, Function) or not isinstance(
            reference.module.parent(reference.node), ast.Return
        ):
            return None
        if reference.module.function_of(reference.node) is not maker:
            return None
        for use in self.program.calls.references(maker):
            if use.call is None or not _decorates(use.call, use.module):
                return None
        return {*decorated.get(maker, ())}


def _is_special(function: Function) -> bool:
    return function.is_method and function.name.startswith("__") and function.name.endswith("__")


def _decorates(node: ast.AST, module: Module) -> bool:
    parent = module.parent(node)
    return (
        isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and node in parent.decorator_list
    )
