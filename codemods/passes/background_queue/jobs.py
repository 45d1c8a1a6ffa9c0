"""Calls that may run after their request, in a worker: what they are and what they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.plain import Plain
from codemods.facts.syntax import Function
from codemods.facts.tasks import never_ends
from codemods.facts.values import External, FunctionValue, Instance, Method, Values

#: What JSON holds and gives back as the same.
_JSON = frozenset(f"builtins.{name}" for name in "str int float bool NoneType".split())


class Jobs:
    """Judges what would become a job."""

    def __init__(self, program: Program, *, travels: bool = False) -> None:
        self.program = program
        self.travels = travels
        self.plain = Plain(program)

    def obstacle(self, func: ast.expr, arguments: Iterable[ast.expr], module: Module) -> str:
        """Why ``func(*arguments)`` can't run in a worker after the request; "" if it can."""
        if reason := self._function(func, module):
            return reason
        for argument in arguments:
            if self.travels and not self._is_json(argument, module):
                return f"{ast.unparse(argument)} may be nothing that JSON can hold"
            if reason := self.plain.reason(argument, module):
                return f"it is given what ends with the request: {reason}"
        return ""

    def functions(self, func: ast.expr, module: Module) -> list[Function]:
        """The functions of the code base that ``func`` means."""
        return [
            v.function for v in self.program.infer(func, module) if isinstance(v, FunctionValue)
        ]

    def _function(self, func: ast.expr, module: Module) -> str:
        text = ast.unparse(func)
        made = self._made(func, module)
        if self.travels and isinstance(made, ast.Call):
            return f"{text} is made here, and has no name that a worker could import"
        if isinstance(made, str):
            return made
        if made is not None:
            if not made.args:
                return f"what {text} does is not known"
            bound = [*made.args[1:], *(keyword.value for keyword in made.keywords)]
            return self.obstacle(made.args[0], bound, module)
        values = self.program.infer(func, module)
        if not values:
            return f"what {text} does is not known"
        for value in values:
            match value:
                case FunctionValue(function=function):
                    if isinstance(function.parent, Function):
                        return f"{text} is made anew for each request"
                    if never_ends(function):
                        return f"{text} never ends, and would keep a worker"
                case External():
                    continue
                case Method():
                    pass
                case _:
                    return f"what {text} does is not known"
        if self.travels and (reason := self._unnamed(values)):
            return f"{text} {reason}"
        reason = self.plain.values_reason(values)
        return f"{text} belongs to {reason}" if reason else ""

    def _unnamed(self, values: Values) -> str:
        """Why another process can't find a function by its name, or ""."""
        for value in values:
            match value:
                case FunctionValue(function=function, owner=None) if (
                    function in function.module.functions.values()
                    and not function.is_method
                    and not function.definition.decorator_list
                ):
                    continue
                case _:
                    return "is no plain function of a module, which a worker could import"
        return ""

    def _is_json(self, node: ast.expr, module: Module) -> bool:
        """Whether a value comes out of JSON as it went in."""
        match node:
            case ast.Constant(value=value):
                return value is None or isinstance(value, str | int | float)
            case ast.JoinedStr():
                return True
            case ast.List(elts=parts):
                return all(self._is_json(part, module) for part in parts)
            case ast.Dict(keys=keys, values=parts):
                return all(
                    isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys
                ) and all(self._is_json(part, module) for part in parts)
            case ast.BinOp(left=left, right=right):
                return self._is_json(left, module) and self._is_json(right, module)
        values = self.program.infer(node, module)
        return bool(values) and all(
            isinstance(value, Instance) and value.cls in _JSON for value in values
        )

    def _made(self, func: ast.expr, module: Module) -> ast.Call | str | None:
        """The call of ``functools.partial`` that ``func`` is, or is a local name for.

        A reason where a call or a local variable is something else, None for all else.
        """
        holder = module.scope_of(func).lookup(func.id) if isinstance(func, ast.Name) else None
        if isinstance(func, ast.Name) and isinstance(holder, Function):
            bindings = holder.bindings.get(func.id, [])
            kinds = {binding.kind for binding in bindings}
            if kinds <= {"def", "import", "from"}:
                return None
            value = bindings[0].value if len(bindings) == 1 else None
            if not isinstance(value, ast.Call):
                return f"what {func.id} does is not known"
            func = value
        if not isinstance(func, ast.Call):
            return None
        if self.program.outside_name(func.func, module) == "functools.partial":
            return func
        return f"what {ast.unparse(func)} does is not known"
