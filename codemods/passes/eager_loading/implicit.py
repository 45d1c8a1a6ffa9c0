"""Reads that no attribute shows: special methods, and what walks over all fields of an object."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import ClassValue, FunctionValue, Instance, Values
from codemods.facts.web import Route
from codemods.passes.eager_loading.holding import mapped_in
from codemods.passes.eager_loading.ways import Path, Touch

if TYPE_CHECKING:
    from codemods.passes.eager_loading.touches import Touches

#: Stands for all fields of a dataclass, in place of a special method.
FIELDS = "all fields"

_STR = ("__format__", "__str__", "__repr__")
_REPR = ("__repr__",)
#: What calls of something outside call of their arguments: the first of these that there is.
_CALLS: dict[str, tuple[str, ...]] = {
    "builtins.str": ("__str__", "__repr__"),
    "builtins.print": ("__str__", "__repr__"),
    "builtins.format": _STR,
    "builtins.repr": _REPR,
    "builtins.len": ("__len__",),
    "builtins.bool": ("__bool__", "__len__"),
    "builtins.hash": ("__hash__",),
    "builtins.int": ("__int__",),
    "builtins.float": ("__float__",),
    "builtins.dict": ("keys", "__iter__"),
    "builtins.list": ("__iter__",),
    "builtins.tuple": ("__iter__",),
    "builtins.iter": ("__iter__",),
    "builtins.sorted": ("__lt__",),
    "builtins.min": ("__lt__",),
    "builtins.max": ("__lt__",),
    "dataclasses.asdict": (FIELDS,),
    "dataclasses.astuple": (FIELDS,),
    "dataclasses.replace": (FIELDS,),
    "fastapi.encoders.jsonable_encoder": (FIELDS,),
}
_WORDS = frozenset(name.rpartition(".")[2] for name in _CALLS)
_COMPARES: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("__eq__",),
    ast.NotEq: ("__ne__", "__eq__"),
    ast.In: ("__eq__",),
    ast.NotIn: ("__eq__",),
    ast.Lt: ("__lt__", "__gt__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.GtE: ("__ge__", "__le__"),
}
#: The methods by which loggers take what they write; they make it a string at once.
_LOGS = frozenset("debug info warning warn error exception critical fatal log".split())
_CONVERSIONS = {ord("r"): _REPR, ord("a"): _REPR, ord("s"): ("__str__", "__repr__")}
_DATACLASS = "sqlalchemy.orm.MappedAsDataclass"
_DEPTH = 4


@dataclass(frozen=True)
class Implicit:
    """An expression, and the special methods of which the first that it has is called."""

    base: ast.expr
    methods: tuple[str, ...]
    node: ast.AST


class ImplicitReads:
    """Finds what special methods and dataclasses read of mapped instances."""

    def __init__(self, program: Program, touches: Touches) -> None:
        self.program = program
        self.touches = touches

    def all(self, methods: set[str]) -> Iterator[Touch]:
        """The implicit reads of a program, outside of the models' own methods.

        ``methods`` are the special methods that read a relationship.
        """
        if any(is_dataclass(cls, self.program) for cls in self.program.models.all()):
            methods = methods | {"__repr__", "__eq__", FIELDS}
        if not methods:
            return
        for module in self.program.modules:
            if is_migration(module):
                continue
            for node in module.syntax.parents:
                for read in self.at(node, module):
                    if methods.intersection(read.methods) and not self.touches.in_model(
                        read.node, module
                    ):
                        yield from self.read(read, module)
        yield from self._bare_responses()

    def read(self, read: Implicit, module: Module) -> Iterator[Touch]:
        """What an implicit read reads of each class that the expression can be of."""
        values = self.program.infer(read.base, module)
        direct = set(self.program.models.entities(values))
        for entity in sorted(mapped_in(_without_rows(values), self.program), key=str):
            methods = read.methods if entity in direct else _of_elements(read.methods)
            for path in self.paths(entity, methods):
                why = f"{ast.unparse(read.base)[:60]} is read by {_called(methods)}"
                yield Touch(read.base, module, entity, path, read.node, why)

    def _bare_responses(self) -> Iterator[Touch]:
        """Dataclasses that FastAPI itself turns into JSON: it reads all their fields."""
        for function, routes in self.program.web.routes.items():
            for route in routes:
                if not is_bare(route, self.program):
                    continue
                for statement in function.returns:
                    if statement.value is None:
                        continue
                    module = function.module
                    values = self.program.infer(statement.value, module)
                    for entity in sorted(mapped_in(values, self.program), key=str):
                        for path in self.paths(entity, (FIELDS,)):
                            value, why = statement.value, "the response"
                            yield Touch(value, module, entity, path, value, why, escapes=True)

    # -- what is read ------------------------------------------------------------------------

    def paths(self, entity: Class, methods: tuple[str, ...], depth: int = 0) -> list[Path]:
        """What the first of the methods that an entity has reads of it."""
        if methods == (FIELDS,):
            return sorted(self._fields(entity, methods, depth))
        for method in methods:
            if any(
                isinstance(base, Class) and method in base.bindings
                for base in self.program.mro(entity)
            ):
                return self.touches.paths_of(entity, method)
            if method in ("__repr__", "__eq__") and is_dataclass(entity, self.program):
                return sorted(self._fields(entity, methods, depth))
        return []

    def _fields(self, entity: Class, methods: tuple[str, ...], depth: int) -> set[Path]:
        """The relationships that are fields of a dataclass, and those of what they lead to."""
        found: set[Path] = set()
        if depth > _DEPTH or not is_dataclass(entity, self.program):
            return found
        for name, relationship in self.program.models.relationships(entity).items():
            if relationship.call is None or _left_out(relationship.call, methods):
                continue
            found.add((name,))
            target = relationship.target
            if target is not None and target is not entity:
                found |= {
                    (name, *rest)
                    for rest in self.paths(target, methods, depth + 1)
                    if not self.touches.leads_back(entity, name, rest)
                }
        return found

    # -- where -------------------------------------------------------------------------------

    def at(self, node: ast.AST, module: Module) -> Iterator[Implicit]:
        """What a node reads implicitly."""
        match node:
            case ast.FormattedValue(value=value, conversion=conversion):
                yield Implicit(value, _CONVERSIONS.get(conversion, _STR), value)
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str()), right=right):
                parts = right.elts if isinstance(right, ast.Tuple) else [right]
                yield from (Implicit(part, ("__str__", "__repr__"), part) for part in parts)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for operator, one, other in zip(ops, [left, *others], others, strict=False):
                    methods = _COMPARES.get(type(operator), ())
                    if methods:
                        yield Implicit(one, methods, one)
                        yield Implicit(other, methods, other)
                    if isinstance(operator, ast.In | ast.NotIn):
                        yield Implicit(other, ("__contains__", "__iter__"), other)
            case ast.For(iter=value) | ast.comprehension(iter=value):
                yield Implicit(value, ("__iter__",), value)
            case ast.Subscript(value=value, ctx=ast.Load()):
                yield Implicit(value, ("__getitem__",), value)
            case ast.Call():
                yield from self._called(node, module)

    def _called(self, node: ast.Call, module: Module) -> Iterator[Implicit]:
        match node.func:
            case ast.Attribute(attr="format", value=ast.Constant(value=str())):
                parts = [*node.args, *(keyword.value for keyword in node.keywords)]
                yield from (Implicit(part, _STR, part) for part in parts)
                return
            case ast.Attribute(attr=attr) if attr in _LOGS:
                if not self._is_ours(node.func, module):
                    for part in node.args:
                        yield Implicit(part, ("__str__", "__repr__"), part)
                return
        if _last_word(node.func) not in _WORDS:
            return
        methods = _CALLS.get(self.program.outside_name(node.func, module), ())
        for argument in node.args if methods else ():
            yield Implicit(argument, methods, argument)

    def _is_ours(self, func: ast.expr, module: Module) -> bool:
        return any(
            isinstance(value, FunctionValue | ClassValue)
            for value in self.program.infer(func, module)
        )


def is_bare(route: Route, program: Program) -> bool:
    """Whether FastAPI makes the JSON of what a route returns without a Pydantic model."""
    model = route.response_model
    if model is None or (isinstance(model, ast.Constant) and model.value is None):
        return True
    return bool(mapped_in(program.annotation(model, route.module), program))


def is_dataclass(cls: Class, program: Program) -> bool:
    """Whether a mapped class is a dataclass."""
    for base in program.mro(cls):
        if base == _DATACLASS:
            return True
        if isinstance(base, Class):
            for decorator in base.definition.decorator_list:
                node = decorator.func if isinstance(decorator, ast.Call) else decorator
                name = program.outside_name(node, base.module)
                if name == "dataclasses.dataclass" or name.endswith(".mapped_as_dataclass"):
                    return True
    return False


def _without_rows(values: Values) -> Values:
    """Values but for statements and queries, which hold no instance yet."""
    statements = (known.SELECT, known.QUERY)
    return frozenset(v for v in values if not (isinstance(v, Instance) and v.cls in statements))


def _of_elements(methods: tuple[str, ...]) -> tuple[str, ...]:
    """What a list calls of its elements when it is made a string, compared, or walked over."""
    if "__repr__" in methods:
        return _REPR
    kept = (FIELDS,), ("__eq__",), ("__lt__",)
    return methods if methods in kept else ()


def _left_out(call: ast.Call, methods: tuple[str, ...]) -> bool:
    """``relationship(repr=False)`` and ``compare=False``."""
    keyword = "repr" if "__repr__" in methods else "compare" if "__eq__" in methods else ""
    return any(
        k.arg == keyword and isinstance(k.value, ast.Constant) and k.value.value is False
        for k in call.keywords
    )


def _last_word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _called(methods: tuple[str, ...]) -> str:
    return "asdict()" if methods == (FIELDS,) else f"{methods[-1]}()"
