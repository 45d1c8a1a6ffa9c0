"""What becomes of a value: the calls that run it, and whether it goes where nobody sees it.

``step = getattr(self, name)`` gives something; ``step(event)`` runs it, ``step is None`` does not,
and ``handlers.append(step)`` lets it go to whoever reads the list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.calls import parameter_of
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function, Scope
from codemods.facts.values import FunctionValue, Method

#: Outside functions that neither call nor keep what they are given, by resolved name.
_PASSIVE = frozenset(
    f"builtins.{name}"
    for name in """all any bool bytes callable delattr dir float format hasattr hash id int
    isinstance issubclass len print range repr round str type vars""".split()
)
_PASSIVE_MODULES = ("sqlalchemy.", "sqlmodel.", "logging.", "inspect.", "json.", "warnings.")
#: They run what they are given, or keep it, although their module is one of those.
_KEEPERS = ("sqlalchemy.event.", "sqlalchemy.orm.Session.run_callable", "sqlalchemy.create_engine")
#: They give back what they were given, or a copy that does the same.
_GIVES_BACK = frozenset(
    """copy.copy copy.deepcopy typing.cast functools.partial builtins.list builtins.tuple
    builtins.set builtins.sorted builtins.reversed builtins.iter builtins.next builtins.enumerate
    builtins.zip builtins.dict""".split()
)
#: Objects that do nothing with what their methods are given.
_PASSIVE_OWNERS = ("builtins.str", "logging.", "sqlalchemy.", "sqlmodel.")
#: Attributes by which a function is reached again, and methods of what may hold it.
_SELF = frozenset(("__call__", "__func__", "__wrapped__"))
_HOLDERS = frozenset(("copy", "get", "items", "pop", "popitem", "setdefault", "values"))
_DISPLAYS = ast.Dict | ast.DictComp | ast.List | ast.ListComp | ast.Tuple | ast.Set | ast.SetComp
_LOOKED_AT = (
    ast.Assert
    | ast.BinOp
    | ast.Compare
    | ast.Delete
    | ast.Expr
    | ast.FormattedValue
    | ast.If
    | ast.Raise
    | ast.Slice
    | ast.UnaryOp
    | ast.While
)
_FAR = 8


@dataclass(frozen=True)
class Use:
    """A call that runs the value; without one, the value goes out of sight at ``node``."""

    node: ast.AST
    module: Module
    call: ast.Call | None = None


class Uses:
    """Follows a value from where it comes to be."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, node: ast.expr, module: Module) -> list[Use]:
        """Everything that may run the value of an expression."""
        return [*self._of(node, module, set(), 0)]

    def _of(self, node: ast.expr, module: Module, seen: set[object], depth: int) -> Iterator[Use]:
        if node in seen:
            return
        seen.add(node)
        if depth > _FAR:
            yield Use(node, module)
            return
        parent = module.parent(node)
        match parent:
            case ast.Call(func=called) if called is node:
                yield Use(node, module, parent)
            case ast.Call() | ast.keyword():
                yield from self._given(node, parent, module, seen, depth)
            case ast.Attribute(attr=name):
                outer = module.parent(parent)
                if name in _SELF:
                    yield from self._of(parent, module, seen, depth)
                elif name in _HOLDERS and isinstance(outer, ast.Call) and outer.func is parent:
                    yield from self._of(outer, module, seen, depth)
            case ast.BinOp() if isinstance(node, _DISPLAYS):
                yield from self._of(parent, module, seen, depth)
            case ast.Await() | ast.BoolOp() | ast.NamedExpr() | ast.Starred():
                yield from self._of(parent, module, seen, depth)
                if isinstance(parent, ast.NamedExpr):
                    yield from self._named(parent.target, module, seen, depth)
            case ast.IfExp(test=test):
                if test is not node:
                    yield from self._of(parent, module, seen, depth)
            case (
                ast.Assign(targets=[ast.Name() as target])
                | ast.AnnAssign(target=ast.Name() as target)
            ):
                yield from self._named(target, module, seen, depth)
            case (
                ast.For(target=ast.Name() as target)
                | ast.comprehension(target=ast.Name() as target)
            ):
                yield from self._named(target, module, seen, depth)
            case ast.Subscript(value=value):
                if value is node:
                    yield from self._of(parent, module, seen, depth)
            case ast.Dict() | ast.DictComp() if node in _keys(parent):
                return
            case ast.GeneratorExp():
                yield from self._of(parent, module, seen, depth)
            case _ if isinstance(parent, _DISPLAYS):
                yield from self._of(parent, module, seen, depth)
            case ast.Return():
                yield from self._returned(node, module, seen, depth)
            case _ if isinstance(parent, _LOOKED_AT):
                return
            case _:
                yield Use(node, module)

    def _named(
        self, target: ast.Name, module: Module, seen: set[object], depth: int
    ) -> Iterator[Use]:
        """The uses of a name that a value is bound to."""
        holder = module.scope_of(target).lookup(target.id, target)
        if holder is None or holder.is_module or isinstance(holder, Class):
            yield Use(target, module)
            return
        yield from self._read(holder, target.id, module, seen, depth)

    def _read(
        self, holder: Scope, name: str, module: Module, seen: set[object], depth: int
    ) -> Iterator[Use]:
        if (holder, name) in seen:
            return
        seen.add((holder, name))
        for node in module.syntax.references.get(name, ()):
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Load)
                and module.scope_of(node).lookup(name, node) is holder
            ):
                yield from self._of(node, module, seen, depth)

    # -- what is handed on -------------------------------------------------------------------

    def _given(
        self,
        node: ast.expr,
        parent: ast.Call | ast.keyword,
        module: Module,
        seen: set[object],
        depth: int,
    ) -> Iterator[Use]:
        """A value that is an argument of a call."""
        call = parent if isinstance(parent, ast.Call) else module.parent(parent)
        if not isinstance(call, ast.Call):
            yield Use(node, module)
            return
        name = self.program.outside_name(call.func, module)
        if name in _PASSIVE or (
            name.startswith(_PASSIVE_MODULES) and not name.startswith(_KEEPERS)
        ):
            return
        if name == "builtins.getattr" and call.args[:1] == [node]:
            return
        if name in _GIVES_BACK or name == "builtins.getattr":
            yield from self._of(call, module, seen, depth + 1)
            return
        values = self.program.infer(call.func, module)
        if values and all(
            isinstance(v, Method)
            and isinstance(v.owner.cls, str)
            and v.owner.cls.startswith(_PASSIVE_OWNERS)
            for v in values
        ):
            return
        functions = [v.function for v in values if isinstance(v, FunctionValue)]
        if not functions or len(functions) < len(values):
            yield Use(node, module)
            return
        argument = node if isinstance(parent, ast.Call) else parent.value
        for function in functions:
            taken = parameter_of(function, call, call.args, argument)
            if taken is None or taken not in function.bindings:
                yield Use(node, module)
            else:
                yield from self._read(function, taken, function.module, seen, depth + 1)

    def _returned(
        self, node: ast.expr, module: Module, seen: set[object], depth: int
    ) -> Iterator[Use]:
        """What a function gives back: to its callers, or to FastAPI, which writes it down."""
        function = module.function_of(node)
        if function is None:
            yield Use(node, module)
            return
        if function in self.program.web.routes:
            return
        if function.definition.decorator_list or self._is_passed(function):
            yield Use(node, module)
            return
        for call, where in self.program.calls.calls_of(function):
            yield from self._of(call, where, seen, depth + 1)

    def _is_passed(self, function: Function) -> bool:
        """Whether a function is called by somebody who is not known."""
        return (
            any(r.call is None for r in self.program.calls.references(function))
            or bool(self.program.calls.unresolved(function))
            or (function.name.startswith("__") and function.name.endswith("__"))
        )


def _keys(node: ast.Dict | ast.DictComp) -> list[ast.expr | None]:
    return [*node.keys] if isinstance(node, ast.Dict) else [node.key]
