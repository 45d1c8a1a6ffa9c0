"""Inference: which values an expression can have, answered on demand and remembered.

Names are read without regard to the order of assignments: a name stands for everything that is
bound to it in its scope. That errs on the side of knowing more possibilities, never fewer.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.annotations import Annotations
from codemods.facts.attributes import Attributes
from codemods.facts.bare import completed
from codemods.facts.called import Called
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function, Scope
from codemods.facts.values import (
    UNKNOWN,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    ModuleValue,
    Value,
    Values,
    instance,
    one,
    union,
)

if TYPE_CHECKING:
    from codemods.facts.program import Program

_BUILTINS = frozenset(dir(builtins))


class Inference:
    """Answers ``infer(expression, module)`` for a whole program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.evaluation = program.evaluation
        self.attributes = Attributes(self)
        self.called = Called(self)
        self.annotations = Annotations(self)

    def attribute(self, values: Values, name: str, module: Module) -> Values:
        """The values of the attribute ``name`` of any of ``values``."""
        return self.attributes.of(values, name, module)

    def instance_attribute(self, owner: Instance, name: str) -> Values:
        """The values of ``owner.name``."""
        return self.attributes.of_instance(owner, name)

    def substitute(self, values: Values, owner: Instance, base: Class) -> Values:
        """Put the type arguments of ``owner`` in place of the type variables of ``base``."""
        return self.attributes.substitute(values, owner, base)

    def annotation(self, node: ast.expr, module: Module) -> Values:
        """The values that something annotated with ``node`` can have."""
        return self.annotations.of(node, module)

    # -- expressions -------------------------------------------------------------------------

    def infer(self, node: ast.expr, module: Module) -> Values:
        """The values that ``node`` can have."""
        return self.evaluation.once(node, lambda: self._expression(node, module), UNKNOWN)

    def _expression(self, node: ast.expr, module: Module) -> Values:
        match node:
            case ast.Name():
                return self.name(node.id, module.scope_of(node), node)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")) as start):
                return self.called.inherited(start, node.attr, module)
            case ast.Attribute():
                return self.attribute(self.infer(node.value, module), node.attr, module)
            case ast.Call():
                return self.called.of(node, module)
            case ast.Await(value=value):
                return union(
                    v.args[0] if v.args else UNKNOWN
                    for v in self.infer(value, module)
                    if isinstance(v, Instance) and v.cls == known.COROUTINE
                )
            case ast.IfExp(body=body, orelse=orelse):
                return self.infer(body, module) | self.infer(orelse, module)
            case ast.BoolOp(values=values):
                return union(self.infer(value, module) for value in values)
            case ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self.infer(value, module)
            case ast.List(elts=elements) | ast.Set(elts=elements):
                return instance("builtins.list", union(self.infer(e, module) for e in elements))
            case ast.Tuple(elts=elements):
                return instance("builtins.tuple", *(self.infer(e, module) for e in elements))
            case ast.Dict(values=values):
                return instance(
                    "builtins.dict", UNKNOWN, union(self.infer(v, module) for v in values)
                )
            case ast.ListComp(elt=element) | ast.SetComp(elt=element):
                return instance("builtins.list", self.infer(element, module))
            case ast.GeneratorExp(elt=element):
                return instance(known.GENERATOR, self.infer(element, module))
            case ast.DictComp(value=value):
                return instance("builtins.dict", UNKNOWN, self.infer(value, module))
            case ast.Subscript():
                return self._subscript(node, module)
            case ast.Constant(value=value) if value is not None and value is not Ellipsis:
                return instance(f"builtins.{type(value).__name__}")
            case ast.Compare() | ast.BinOp() | ast.UnaryOp():
                return self._operation(node, module)
            case ast.JoinedStr():
                return instance("builtins.str")
            case _:
                return UNKNOWN

    def _operation(self, node: ast.expr, module: Module) -> Values:
        """What an operator gives: of numbers and strings nothing of the code base."""
        operands = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        values = [self.infer(operand, module) for operand in operands]
        if isinstance(getattr(node, "op", None), ast.Div) and any(
            Instance(known.PATH) in found for found in values
        ):
            return instance(known.PATH)
        if all(v and not any(self.called.ours(item) for item in v) for v in values):
            return instance(known.OPAQUE)
        return UNKNOWN

    def _subscript(self, node: ast.Subscript, module: Module) -> Values:
        values = self.infer(node.value, module)
        found: set[Value] = set()
        for value in values:
            match value:
                case Instance(cls="builtins.dict", args=(_, item)):
                    found |= item
                case Instance(cls=known.OPAQUE):
                    found.add(value)
                case Instance(cls=str() as cls) if cls in known.HOLDS:
                    found |= instance(known.HOLDS[cls][0])
                case Instance(cls=known.QUERY):
                    if isinstance(node.slice, ast.Slice):
                        found |= instance("builtins.list", self.called.row(value))
                    else:
                        found |= self.called.row(value)
                case Instance(cls="builtins.tuple" | known.ROW, args=args) if args:
                    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
                        index = node.slice.value
                        found |= args[index] if -len(args) <= index < len(args) else UNKNOWN
                case Instance() if value.args:
                    found |= (
                        one(value)
                        if isinstance(node.slice, ast.Slice)
                        else self.called.element(value)
                    )
                case ClassValue(cls=cls):
                    elements = (
                        node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                    )
                    found.add(ClassValue(cls, tuple(self.annotation(e, module) for e in elements)))
                case External():
                    found.add(value)
        return frozenset(found)

    # -- names -------------------------------------------------------------------------------

    def name(self, name: str, scope: Scope, at: ast.AST | None = None) -> Values:
        """The values of a name as seen from ``scope``, or from the place ``at`` in it."""
        holder = scope.lookup(name, at)
        if holder is not None:
            return self.bound(holder, name)
        return self._starred(name, scope) or (
            one(External(f"builtins.{name}")) if name in _BUILTINS else UNKNOWN
        )

    def bound(self, holder: Scope, name: str) -> Values:
        """The values of everything that ``holder`` binds to ``name``."""
        return union(self.binding(b, name, holder) for b in holder.bindings.get(name, ()))

    def _starred(self, name: str, scope: Scope) -> Values:
        current: Scope | None = scope
        while current is not None:
            for statement in current.star_imports:
                target = self.program.modules.resolve(
                    current.module, statement.module or "", statement.level
                )
                if target is not None:
                    found = self.member(target, name)
                    if found:
                        return found
                elif name in self.program.star_names(statement.module or ""):
                    return one(External(known.canonical(f"{statement.module}.{name}")))
            current = current.parent
        return UNKNOWN

    def member(self, module: Module, name: str) -> Values:
        """The values of ``module.name``."""
        return self.evaluation.once((module, name), lambda: self._member(module, name), UNKNOWN)

    def _member(self, module: Module, name: str) -> Values:
        found = self.bound(module.scope, name) or self._starred(name, module.scope)
        if not found and module.is_package:
            inner = self.program.modules.get(f"{module.folder}/{name}.py".lstrip("/"))
            inner = inner or self.program.modules.get(
                f"{module.folder}/{name}/__init__.py".lstrip("/")
            )
            if inner is not None:
                return one(ModuleValue(inner))
        return found

    def binding(self, binding: Binding, name: str, holder: Scope) -> Values:
        """The values of one binding of a name."""
        return self.evaluation.once(binding, lambda: self._bind(binding, name, holder), UNKNOWN)

    def _bind(self, binding: Binding, name: str, holder: Scope) -> Values:
        module = holder.module
        match binding.kind:
            case "assign" | "augmented":
                assert binding.value is not None
                return self._unpack(self.infer(binding.value, module), binding.path)
            case "annotated":
                assert binding.annotation is not None
                found = self.annotation(binding.annotation, module)
                value = binding.value
                if value is None:
                    return found
                if all(map(_is_callable, found)):
                    return found | self.infer(value, module)
                return completed(found, lambda: self.infer(value, module))
            case "for":
                assert binding.value is not None
                values = union(self.called.element(v) for v in self.infer(binding.value, module))
                return self._unpack(values, binding.path)
            case "with":
                assert binding.value is not None
                values = union(self.called.entered(v) for v in self.infer(binding.value, module))
                return self._unpack(values, binding.path)
            case "import" | "from":
                assert isinstance(binding.node, ast.alias)
                return self._imported(binding.node, module)
            case "def":
                function = module.functions[binding.node]
                return one(FunctionValue(function))
            case "class":
                return one(ClassValue(module.classes[binding.node]))
            case "parameter":
                assert isinstance(binding.node, ast.arg) and isinstance(holder.node, ast.AST)
                if isinstance(holder, Function):
                    return self.program.parameter(holder, binding.node)
                return self._lambda_parameter(binding.node, module)
        return UNKNOWN

    def _lambda_parameter(self, argument: ast.arg, module: Module) -> Values:
        """The parameter of a lambda that is a key of ``sorted``, or what ``map`` calls."""
        function = module.parent(module.parent(argument) or argument)
        holder = module.parent(function) if isinstance(function, ast.Lambda) else None
        if isinstance(holder, ast.keyword):
            holder = module.parent(holder)
        match holder:
            case ast.Call(func=ast.Name(id="sorted" | "min" | "max"), args=[source, *_]):
                return union(self.called.element(v) for v in self.infer(source, module))
            case ast.Call(func=ast.Name(id="map" | "filter"), args=[_, source]):
                return union(self.called.element(v) for v in self.infer(source, module))
            case ast.Call(func=ast.Attribute(value=source, attr="sort")):
                return union(self.called.element(v) for v in self.infer(source, module))
        return UNKNOWN

    def _unpack(self, values: Values, path: tuple[int, ...]) -> Values:
        for index in path:
            parts = []
            for value in values:
                match value:
                    case Instance(cls="builtins.tuple" | known.ROW, args=args) if args:
                        parts.append(args[index] if index < len(args) else UNKNOWN)
                    case Instance():
                        parts.append(self.called.element(value))
            values = union(parts)
        return values

    def _imported(self, alias: ast.alias, module: Module) -> Values:
        statement = module.parent(alias)
        if isinstance(statement, ast.Import):
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            target = self.program.modules.resolve(module, dotted)
            if target is None and not alias.asname:
                inner = self.program.modules.resolve(module, alias.name)
                if inner is not None:
                    return one(External(f"namespace:{module.folder}:{dotted}"))
            return one(ModuleValue(target)) if target else one(External(dotted))
        assert isinstance(statement, ast.ImportFrom)
        source = statement.module or ""
        target = self.program.modules.resolve(module, source, statement.level)
        if target is not None and (found := self.member(target, alias.name)):
            return found
        joined = f"{source}.{alias.name}" if source else alias.name
        inner = self.program.modules.resolve(module, joined, statement.level)
        if inner is not None:
            return one(ModuleValue(inner))
        if target is not None or statement.level:
            return UNKNOWN
        return one(External(known.canonical(joined)))

    # -- functions ---------------------------------------------------------------------------

    def result(self, function: Function) -> Values:
        """What a call of ``function`` gives, decorators included."""
        values = self.returned(function)
        if function.is_generator:
            values = instance(known.GENERATOR, self.yielded(function))
            if self.program.decorated(
                function, known.MANAGER, "contextlib.asynccontextmanager"
            ):
                return instance(known.CONTEXT, self.yielded(function))
            return values
        if function.is_async:
            return instance(known.COROUTINE, values)
        return values

    def returned(self, function: Function) -> Values:
        """What the ``return`` statements of ``function`` (or its annotation) give."""
        return self.evaluation.once(
            ("returned", function), lambda: self._returned(function), UNKNOWN
        )

    def _returned(self, function: Function) -> Values:
        module = function.module
        annotation = function.definition.returns
        found = self.annotation(annotation, module) if annotation is not None else UNKNOWN

        def given() -> Values:
            returns = function.returns
            return union(self.infer(r.value, module) for r in returns if r.value is not None)

        return found | given() if all(map(_is_callable, found)) else completed(found, given)

    def yielded(self, function: Function) -> Values:
        """What a generator yields."""
        found = union(
            self.infer(y.value, function.module)
            for y in function.yields
            if isinstance(y, ast.Yield) and y.value is not None
        )
        if found:
            return found
        return union(self.called.element(v) for v in self.returned(function))

    def delegated(self, function: Function) -> Values:
        """What a generator yields of what it delegates to: ``yield from get_db()``."""
        return union(
            self.called.element(v)
            for y in function.yields
            if isinstance(y, ast.YieldFrom)
            for v in self.infer(y.value, function.module)
        )


def _is_callable(value: Value) -> bool:
    """Whether an annotation says only that something can be called."""
    return isinstance(value, Instance) and value.cls == known.CALLABLE
