"""What a call gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.by_name import ASKING, asked
from codemods.facts.containers import PROVIDERS, provided
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    UNKNOWN,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    TypeVariable,
    Value,
    Values,
    instance,
    one,
    union,
)

if TYPE_CHECKING:
    from codemods.facts.infer import Inference


class Called:
    """Answers for ``value(...)``, and for what is iterated over or entered."""

    def __init__(self, inference: Inference) -> None:
        self.inference = inference
        self.program = inference.program

    def of(self, node: ast.Call, module: Module) -> Values:
        """What a call gives."""
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return self._super(node, module)
        if isinstance(node.func, ast.Attribute) and node.func.attr == ASKING:
            meant = asked(self.program, node, module)
            fixtures = meant.fixtures.values() if meant is not None else ()
            return union(self.program.web.given(fixture) for fixture in fixtures)
        found: set[Value] = set()
        for value in self.inference.infer(node.func, module):
            found |= self.value(value, node, module)
        return frozenset(found)

    def _super(self, node: ast.Call, module: Module) -> Values:
        function = module.function_of(node)
        if function is None or not isinstance(function.parent, Class):
            return UNKNOWN
        cls = function.parent
        found: set[Value] = set()
        # What comes next depends on the class of the object: a mixin does not know it.
        for owner in (cls, *self.program.subclasses(cls)):
            order = self.program.mro(owner)
            rest = order[order.index(cls) + 1 :] if cls in order else ()
            found.update(Instance(base) for base in rest[:1])
        return frozenset(found)

    def inherited(self, node: ast.Call, name: str, module: Module) -> Values:
        """``super().name``: of the first class behind this one that has it, for each object."""
        function = module.function_of(node)
        if function is None or not isinstance(function.parent, Class):
            return UNKNOWN
        cls = function.parent
        found: set[Value] = set()
        for owner in (cls, *self.program.subclasses(cls)):
            order = self.program.mro(owner)
            rest = order[order.index(cls) + 1 :] if cls in order else ()
            ours = [b for b in rest if isinstance(b, Class) and name in b.bindings]
            outside = [b for b in rest if isinstance(b, str)]
            for base in (ours or outside)[:1]:
                found |= self.inference.instance_attribute(Instance(base), name)
        return frozenset(found)

    def value(self, value: Value, node: ast.Call, module: Module) -> Values:
        """What calling ``value`` with the arguments of ``node`` gives."""
        match value:
            case FunctionValue(function=function, owner=owner):
                values = self._solved(self.inference.result(function), function, node, module)
                if owner is not None and isinstance(function.parent, Class):
                    values = self.inference.substitute(values, owner, function.parent)
                return values
            case ClassValue(cls=cls, args=args):
                if self.program.is_sessionmaker_class(cls):
                    return one(Instance(cls, args))
                return one(Instance(cls, args))
            case External(name=name):
                return self._outside_call(name, node, module)
            case Method(owner=owner, name=name):
                return self._method_call(owner, name, node, module)
            case Instance(cls=known.SESSIONMAKER | known.SCOPED_SESSION, args=args):
                return args[0] if args else instance(known.SESSION)
            case Instance(cls=known.ASYNC_SESSIONMAKER):
                return instance(known.ASYNC_SESSION)
            case Instance(cls="builtins.type" | known.PROVIDER, args=args):
                return args[0] if args else UNKNOWN
            case Instance(cls=cls) if isinstance(cls, Class):
                return union(
                    self.inference.result(v.function)
                    for v in self.inference.instance_attribute(value, "__call__")
                    if isinstance(v, FunctionValue)
                )
            case TypeVariable():
                return one(value)
        return UNKNOWN

    def _solved(self, values: Values, function: Function, node: ast.Call, module: Module) -> Values:
        """``def find(model: type[T]) -> T``: what the arguments say of the function's variables."""
        if not any(_is_open(value) for value in values):
            return values
        found: dict[str, Values] = {}
        for parameter in function.parameters:
            given = self.program.calls.argument(node, function, parameter)
            if parameter.annotation is None or given is None:
                continue
            named = self.inference.annotation(parameter.annotation, function.module)
            for name, inside in _variables(named):
                values_given = self.inference.infer(given, module)
                if inside:
                    values_given = union(_inner(value, inside) for value in values_given)
                found[name] = found.get(name, UNKNOWN) | values_given
        return self.inference.attributes.replace(values, {n: v for n, v in found.items() if v})

    def _outside_call(self, name: str, node: ast.Call, module: Module) -> Values:
        if name in (known.SESSIONMAKER, known.SCOPED_SESSION):
            return self._factory(name, node, module)
        if name in PROVIDERS:
            return provided(self.inference, name, node, module)
        if name in ("functools.partial", known.MANAGER):
            return self.inference.infer(node.args[0], module) if node.args else UNKNOWN
        if name in ("typing.TypeVar", "typing_extensions.TypeVar"):
            return self._type_variable(node, module)
        word = known.RETURNS.get(name)
        if word is not None:
            return self._word(word, Instance(name), node, module)
        last = name.rpartition(".")[2]
        if last[:1].isupper():
            return instance(name)
        return UNKNOWN if self._hands_over(node, module) else instance(known.OPAQUE)

    def _type_variable(self, node: ast.Call, module: Module) -> Values:
        """``TypeVar("T", bound=Base)``: constraints are bounds too."""
        if not node.args or not isinstance(node.args[0], ast.Constant):
            return UNKNOWN
        bounds = [*node.args[1:], *(k.value for k in node.keywords if k.arg == "bound")]
        bound = union(self.inference.annotation(bound, module) for bound in bounds)
        return one(TypeVariable(str(node.args[0].value), bound))

    def _hands_over(self, node: ast.Call, module: Module) -> bool:
        """Whether a call gives something of the code base to the outside, which may come back."""
        if any(isinstance(a, ast.Starred | ast.Lambda) for a in node.args):
            return True
        if _last_name(node.func) in ("import_module", "__import__"):
            return True
        for argument in (*node.args, *(k.value for k in node.keywords)):
            values = self.inference.infer(argument, module)
            if not values and not isinstance(argument, ast.Constant):
                return True
            if any(self.ours(value) for value in values):
                return True
        return False

    def ours(self, value: Value) -> bool:
        """Whether a value is something that the code base defines."""
        match value:
            case FunctionValue() | ClassValue() | ModuleValue() | TypeVariable():
                return True
            case Instance(cls=cls, args=args):
                return isinstance(cls, Class) or any(self.ours(v) for a in args for v in a)
        return False

    def _factory(self, name: str, node: ast.Call, module: Module) -> Values:
        if name == known.SCOPED_SESSION and node.args:
            made = union(
                self.value(v, node, module) for v in self.inference.infer(node.args[0], module)
            )
            return instance(name, made or instance(known.SESSION))
        for keyword in node.keywords:
            if keyword.arg == "class_":
                cls = self.inference.annotation(keyword.value, module)
                if any(
                    isinstance(v, Instance) and self.program.is_subclass(v.cls, known.ASYNC_SESSION)
                    for v in cls
                ):
                    return instance(known.ASYNC_SESSIONMAKER, cls)
                if cls:
                    return instance(name, cls)
        return instance(name, instance(known.SESSION))

    def _method_call(self, owner: Instance, name: str, node: ast.Call, module: Module) -> Values:
        if owner.cls == known.SESSIONMAKER and name == "begin":
            return instance(known.CONTEXT, owner.args[0] if owner.args else UNKNOWN)
        if owner.cls == known.ENGINE and name == "begin":
            return instance(known.CONTEXT, instance(known.CONNECTION))
        classes = (
            known.ancestry(owner.cls)
            if isinstance(owner.cls, str)
            else [base for base in self.program.mro(owner.cls) if isinstance(base, str)]
        )
        for base in classes:
            word = known.RETURNS.get(f"{base}.{name}")
            if word is not None:
                return self._word(word, owner, node, module)
        if isinstance(owner.cls, str) and not owner.args and not self._hands_over(node, module):
            return instance(known.OPAQUE)
        return UNKNOWN

    def _word(self, word: str, owner: Instance, node: ast.Call, module: Module) -> Values:
        first = self.inference.infer(node.args[0], module) if node.args else UNKNOWN
        match word:
            case "self":
                return one(owner)
            case "query" | "select":
                cls = known.QUERY if word == "query" else known.SELECT
                return one(Instance(cls, tuple(self._selected(a, module) for a in node.args)))
            case "query_more" | "select_more":
                more = tuple(self._selected(a, module) for a in node.args)
                return one(Instance(owner.cls, owner.args + more))
            case "result":
                return frozenset(Instance(known.RESULT, s) for s in self._shapes(first))
            case "exec":
                return frozenset(
                    Instance(known.SCALARS if len(shape) == 1 else known.RESULT, shape)
                    for shape in self._shapes(first)
                )
            case "scalars":
                return frozenset(Instance(known.SCALARS, s[:1]) for s in self._shapes(first))
            case "scalar":
                return union(part for shape in self._shapes(first) for part in shape[:1])
            case "entity":
                return self.inference.annotation(node.args[0], module) if node.args else UNKNOWN
            case "first_arg" | "closing":
                return instance(known.CONTEXT, first) if word == "closing" else first
            case "rows":
                return instance("builtins.list", self.row(owner))
            case "row":
                return self.row(owner)
            case "as_scalars":
                return instance(known.SCALARS, *owner.args[:1])
            case "column":
                return owner.args[0] if owner.args else UNKNOWN
            case "element":
                return self.element(owner)
            case "inspector":
                bound = (known.ENGINE, known.CONNECTION)
                inspects = any(isinstance(v, Instance) and v.cls in bound for v in first)
                return instance(known.INSPECTOR) if inspects else UNKNOWN
            case "list_of":
                return instance("builtins.list", union(self.element(v) for v in first))
            case "paths":
                return instance("collections.abc.Iterator", instance(known.PATH))
            case "enumerated":
                number, item = instance("builtins.int"), union(self.element(v) for v in first)
                return instance("builtins.list", instance("builtins.tuple", number, item))
            case "zipped" if any(isinstance(a, ast.Starred) for a in node.args):
                return UNKNOWN
            case "zipped":
                parts = [self.inference.infer(argument, module) for argument in node.args]
                items = [union(self.element(v) for v in part) for part in parts]
                return instance("builtins.list", instance("builtins.tuple", *items))
            case "next_of":
                return union(self.element(v) for v in first)
            case "value_of":
                return owner.args[1] if len(owner.args) > 1 else UNKNOWN
            case "values_of":
                return instance("builtins.list", owner.args[1]) if len(owner.args) > 1 else UNKNOWN
            case "items_of":
                pair = instance("builtins.tuple", *owner.args)
                return instance("builtins.list", pair) if len(owner.args) > 1 else UNKNOWN
            case "cast":
                return self.inference.annotation(node.args[0], module) if node.args else UNKNOWN
            case _:
                return instance(word)

    def _selected(self, node: ast.expr, module: Module) -> Values:
        found: set[Value] = set()
        for value in self.inference.infer(node, module):
            match value:
                case ClassValue(cls=cls):
                    found.add(Instance(cls))
                case Instance(cls="builtins.type", args=args) if args:
                    found |= args[0]
                case _:
                    found.add(value)
        return frozenset(found)

    def _shapes(self, statement: Values) -> set[tuple[Values, ...]]:
        """What each of the statements selects that an expression can stand for."""
        return {
            value.args
            for value in statement
            if isinstance(value, Instance) and value.cls in (known.SELECT, known.QUERY)
        } or {()}

    def row(self, owner: Instance) -> Values:
        """One row of a query, statement or result."""
        if owner.cls == known.SCALARS:
            return owner.args[0] if owner.args else UNKNOWN
        single = owner.cls == known.QUERY and len(owner.args) == 1
        if single and self.program.models.is_entity(owner.args[0]):
            return owner.args[0]
        return one(Instance(known.ROW, owner.args))

    def element(self, value: Value) -> Values:
        """What iterating over ``value`` gives."""
        match value:
            case Instance(cls="builtins.tuple", args=args):
                return union(args)
            case Instance(cls=known.QUERY | known.RESULT):
                return self.row(value)
            case Instance(cls=known.SCOPED_SESSION, args=args):
                return union(args[:1])
            case Instance(cls=cls, args=args) if cls in known.ITERABLES:
                return union(args[:1])
            case Instance(cls=known.OPAQUE):
                return one(value)
        return UNKNOWN

    def entered(self, value: Value) -> Values:
        """What ``with value as name`` binds to the name."""
        match value:
            # A generator is entered where ``contextmanager(function)`` made it.
            case Instance(cls=known.CONTEXT | known.GENERATOR, args=args):
                return union(args[:1])
            case Instance(cls=cls) if isinstance(cls, str):
                for base in known.ancestry(cls):
                    if known.RETURNS.get(f"{base}.__enter__") == "self":
                        return one(value)
                return UNKNOWN
            case Instance():
                for name in ("__enter__", "__aenter__"):
                    found = union(
                        self.inference.returned(v.function)
                        for v in self.inference.instance_attribute(value, name)
                        if isinstance(v, FunctionValue)
                    )
                    if found:
                        return found
                return one(value) if self.program.is_session_class(value.cls) else UNKNOWN
        return UNKNOWN


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_open(value: Value) -> bool:
    """Whether a value is a type variable, or is made of some."""
    if isinstance(value, Instance):
        return any(_is_open(inner) for part in value.args for inner in part)
    return isinstance(value, TypeVariable)


def _variables(values: Values) -> Iterator[tuple[str, str]]:
    """The type variables of an annotation, and the class around them: ``type[T]``, ``list[T]``."""
    for value in values:
        if isinstance(value, TypeVariable):
            yield value.name, ""
        elif isinstance(value, Instance) and isinstance(value.cls, str):
            for inner in value.args[-1] if value.args else ():
                if isinstance(inner, TypeVariable):
                    yield inner.name, value.cls


def _inner(value: Value, around: str) -> Values:
    """What is within a value, where an annotation says ``around[T]`` of it."""
    match value:
        case ClassValue(cls=cls, args=args) if around == "builtins.type":
            return one(Instance(cls, args))
        case Instance(cls=known.SELECT | known.QUERY, args=args) | Instance(args=args) if args:
            return args[-1]
    return UNKNOWN
