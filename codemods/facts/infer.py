"""Inference: which values an expression can have, answered on demand and remembered.

Names are read without regard to the order of assignments: a name stands for everything that is
bound to it in its scope. That errs on the side of knowing more possibilities, never fewer.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function, Scope
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
    from codemods.facts.program import Program

_BUILTINS = frozenset(dir(builtins))
_DEPTH = 60


class Inference:
    """Answers ``infer(expression, module)`` for a whole program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._values: dict[ast.AST, Values] = {}
        self._bound: dict[Binding, Values] = {}
        self._returned: dict[Function, Values] = {}
        self._busy: set[object] = set()

    # -- expressions -------------------------------------------------------------------------

    def infer(self, node: ast.expr, module: Module) -> Values:
        """The values that ``node`` can have."""
        found = self._values.get(node)
        if found is not None:
            return found
        if node in self._busy or len(self._busy) > _DEPTH:
            return UNKNOWN
        self._busy.add(node)
        try:
            found = self._expression(node, module)
        finally:
            self._busy.discard(node)
        if found or not self._busy:
            self._values[node] = found
        return found

    def _expression(self, node: ast.expr, module: Module) -> Values:
        match node:
            case ast.Name():
                return self.name(node.id, module.scope_of(node))
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")) as start):
                return self._inherited(start, node.attr, module)
            case ast.Attribute():
                return self.attribute(self.infer(node.value, module), node.attr, module)
            case ast.Call():
                return self._call(node, module)
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
        if all(v and not any(self._ours(item) for item in v) for v in values):
            return instance(known.OPAQUE)
        return UNKNOWN

    def _subscript(self, node: ast.Subscript, module: Module) -> Values:
        values = self.infer(node.value, module)
        found: set[Value] = set()
        for value in values:
            match value:
                case Instance(cls="builtins.dict", args=(_, item)):
                    found |= item
                case Instance(cls=known.QUERY):
                    if isinstance(node.slice, ast.Slice):
                        found |= instance("builtins.list", self.row(value))
                    else:
                        found |= self.row(value)
                case Instance(cls="builtins.tuple" | known.ROW, args=args) if args:
                    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
                        index = node.slice.value
                        found |= args[index] if -len(args) <= index < len(args) else UNKNOWN
                case Instance() if value.args:
                    found |= (
                        one(value) if isinstance(node.slice, ast.Slice) else self.element(value)
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

    def name(self, name: str, scope: Scope) -> Values:
        """The values of a name as seen from ``scope``."""
        holder = scope.lookup(name)
        if holder is not None:
            return self.bound(holder, name)
        return self._starred(name, scope) or (
            one(External(f"builtins.{name}")) if name in _BUILTINS else UNKNOWN
        )

    def bound(self, holder: Scope, name: str) -> Values:
        """The values of everything that ``holder`` binds to ``name``."""
        return union(self._binding(b, name, holder) for b in holder.bindings.get(name, ()))

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
        key = (module, name)
        if key in self._busy:
            return UNKNOWN
        self._busy.add(key)
        try:
            found = self.bound(module.scope, name) or self._starred(name, module.scope)
        finally:
            self._busy.discard(key)
        if not found and module.is_package:
            inner = self.program.modules.get(f"{module.folder}/{name}.py".lstrip("/"))
            inner = inner or self.program.modules.get(
                f"{module.folder}/{name}/__init__.py".lstrip("/")
            )
            if inner is not None:
                return one(ModuleValue(inner))
        return found

    def _binding(self, binding: Binding, name: str, holder: Scope) -> Values:
        found = self._bound.get(binding)
        if found is not None:
            return found
        if binding in self._busy or len(self._busy) > _DEPTH:
            return UNKNOWN
        self._busy.add(binding)
        try:
            found = self._bind(binding, name, holder)
        finally:
            self._busy.discard(binding)
        if found or not self._busy:
            self._bound[binding] = found
        return found

    def _bind(self, binding: Binding, name: str, holder: Scope) -> Values:
        module = holder.module
        match binding.kind:
            case "assign" | "augmented":
                assert binding.value is not None
                return self._unpack(self.infer(binding.value, module), binding.path)
            case "annotated":
                assert binding.annotation is not None
                found = self.annotation(binding.annotation, module)
                if binding.value is not None and not found:
                    found = self.infer(binding.value, module)
                return found
            case "for":
                assert binding.value is not None
                values = union(self.element(v) for v in self.infer(binding.value, module))
                return self._unpack(values, binding.path)
            case "with":
                assert binding.value is not None
                values = union(self.entered(v) for v in self.infer(binding.value, module))
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
                return union(self.element(v) for v in self.infer(source, module))
            case ast.Call(func=ast.Name(id="map" | "filter"), args=[_, source]):
                return union(self.element(v) for v in self.infer(source, module))
            case ast.Call(func=ast.Attribute(value=source, attr="sort")):
                return union(self.element(v) for v in self.infer(source, module))
        return UNKNOWN

    def _unpack(self, values: Values, path: tuple[int, ...]) -> Values:
        for index in path:
            parts = []
            for value in values:
                match value:
                    case Instance(cls="builtins.tuple" | known.ROW, args=args) if args:
                        parts.append(args[index] if index < len(args) else UNKNOWN)
                    case Instance():
                        parts.append(self.element(value))
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

    # -- attributes --------------------------------------------------------------------------

    def attribute(self, values: Values, name: str, module: Module) -> Values:
        """The values of the attribute ``name`` of any of ``values``."""
        return union(self._attribute(value, name, module) for value in values)

    def _attribute(self, value: Value, name: str, module: Module) -> Values:
        match value:
            case ModuleValue(module=target):
                return self.member(target, name) or self._submodule(target, name)
            case External(name=dotted) if dotted.startswith("namespace:"):
                return self._namespace(dotted, name)
            case External(name=dotted):
                return one(External(known.canonical(f"{dotted}.{name}")))
            case ClassValue(cls=cls):
                return self._class_attribute(cls, name)
            case Instance(cls="types.ModuleType"):
                return self.program.any_module(name)
            case Instance():
                return self.instance_attribute(value, name)
            case TypeVariable(bound=bound):
                return self.attribute(bound, name, module)
        return UNKNOWN

    def _submodule(self, module: Module, name: str) -> Values:
        target = self.program.modules.resolve(module, name, 1) if module.is_package else None
        return one(ModuleValue(target)) if target else UNKNOWN

    def _namespace(self, dotted: str, name: str) -> Values:
        _, folder, path = dotted.split(":", 2)
        importer = next((m for m in self.program.modules if m.folder == folder), None)
        if importer is None:
            return UNKNOWN
        target = self.program.modules.resolve(importer, f"{path}.{name}")
        return one(ModuleValue(target) if target else External(f"{dotted}.{name}"))

    def _class_attribute(self, cls: Class, name: str) -> Values:
        owner = Instance(cls)
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                if name in base.bindings:
                    values = self.bound(base, name)
                    if self.program.models.is_mapped_attribute(cls, name):
                        return instance(known.COLUMN, values)
                    return frozenset(
                        FunctionValue(v.function, owner)
                        if isinstance(v, FunctionValue) and is_classmethod(v.function)
                        else v
                        for v in values
                    )
            elif f"{base}.{name}" in known.RETURNS:
                return one(Method(Instance(base), name))
        if self.program.models.is_mapped_attribute(cls, name):
            return instance(known.COLUMN, UNKNOWN)
        return UNKNOWN

    def instance_attribute(self, owner: Instance, name: str) -> Values:
        """The values of ``owner.name``."""
        if isinstance(owner.cls, str):
            return self._outside_attribute(owner, owner.cls, name)
        if related := self.program.models.related(owner.cls, name):
            return related
        for base in self.program.mro(owner.cls):
            if isinstance(base, str):
                if f"{base}.{name}" in known.RETURNS:
                    return one(Method(Instance(base, owner.args), name))
                continue
            bindings = [*base.bindings.get(name, ()), *base.attributes.get(name, ())]
            if bindings:
                values = union(self._binding(b, name, base) for b in bindings)
                return self.substitute(
                    union(self._member_value(v, owner) for v in values), owner, base
                )
        if self.program.is_session_class(owner.cls):
            return one(Method(owner, name))
        return self._beside(owner.cls, name)

    def _beside(self, cls: Class, name: str) -> Values:
        """What a mixin reads of the classes that it is mixed with."""
        found: set[Value] = set()
        for other in self.program.subclasses(cls):
            for base in self.program.mro(other):
                if not isinstance(base, Class):
                    continue
                bindings = [*base.bindings.get(name, ()), *base.attributes.get(name, ())]
                for value in union(self._binding(b, name, base) for b in bindings):
                    found |= self._member_value(value, Instance(other))
                if bindings:
                    break
        return frozenset(found)

    def _member_value(self, value: Value, owner: Instance) -> Values:
        if isinstance(value, FunctionValue):
            if is_property(value.function):
                return self.returned(value.function)
            return one(FunctionValue(value.function, owner))
        return one(value)

    def _outside_attribute(self, owner: Instance, cls: str, name: str) -> Values:
        for base in known.ancestry(cls):
            word = known.RETURNS.get(f"{base}.{name}")
            if word == "as_select":
                return one(Instance(known.SELECT, owner.args))
            if name == "no_autoflush":
                return one(owner)
        return one(Method(owner, name))

    def substitute(self, values: Values, owner: Instance, base: Class) -> Values:
        """Put the type arguments of ``owner`` in place of the type variables of ``base``."""
        if not any(
            isinstance(v, TypeVariable) or (isinstance(v, Instance) and v.args) for v in values
        ):
            return values
        mapping = self.program.type_arguments(owner, base)
        return self._replace(values, mapping) if mapping else values

    def _replace(self, values: Values, mapping: dict[str, Values]) -> Values:
        found: set[Value] = set()
        for value in values:
            if isinstance(value, TypeVariable):
                found |= mapping.get(value.name, one(value))
            elif isinstance(value, Instance) and value.args:
                found.add(Instance(value.cls, tuple(self._replace(a, mapping) for a in value.args)))
            else:
                found.add(value)
        return frozenset(found)

    # -- calls -------------------------------------------------------------------------------

    def _call(self, node: ast.Call, module: Module) -> Values:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return self._super(node, module)
        found: set[Value] = set()
        for value in self.infer(node.func, module):
            found |= self.called(value, node, module)
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

    def _inherited(self, node: ast.Call, name: str, module: Module) -> Values:
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
                found |= self.instance_attribute(Instance(base), name)
        return frozenset(found)

    def called(self, value: Value, node: ast.Call, module: Module) -> Values:
        """What calling ``value`` with the arguments of ``node`` gives."""
        match value:
            case FunctionValue(function=function, owner=owner):
                values = self.result(function)
                if owner is not None and isinstance(function.parent, Class):
                    values = self.substitute(values, owner, function.parent)
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
            case Instance(cls="builtins.type", args=args):
                return args[0] if args else UNKNOWN
            case Instance(cls=cls) if isinstance(cls, Class):
                return union(
                    self.result(v.function)
                    for v in self.instance_attribute(value, "__call__")
                    if isinstance(v, FunctionValue)
                )
            case TypeVariable():
                return one(value)
        return UNKNOWN

    def _outside_call(self, name: str, node: ast.Call, module: Module) -> Values:
        if name in (known.SESSIONMAKER, known.SCOPED_SESSION):
            return self._factory(name, node, module)
        if name == "functools.partial":
            return self.infer(node.args[0], module) if node.args else UNKNOWN
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
        bound = union(self.annotation(bound, module) for bound in bounds)
        return one(TypeVariable(str(node.args[0].value), bound))

    def _hands_over(self, node: ast.Call, module: Module) -> bool:
        """Whether a call gives something of the code base to the outside, which may come back."""
        if any(isinstance(a, ast.Starred | ast.Lambda) for a in node.args):
            return True
        if _last_name(node.func) in ("import_module", "__import__"):
            return True
        for argument in (*node.args, *(k.value for k in node.keywords)):
            values = self.infer(argument, module)
            if not values and not isinstance(argument, ast.Constant):
                return True
            if any(self._ours(value) for value in values):
                return True
        return False

    def _ours(self, value: Value) -> bool:
        match value:
            case FunctionValue() | ClassValue() | ModuleValue() | TypeVariable():
                return True
            case Instance(cls=cls, args=args):
                return isinstance(cls, Class) or any(self._ours(v) for a in args for v in a)
        return False

    def _factory(self, name: str, node: ast.Call, module: Module) -> Values:
        if name == known.SCOPED_SESSION and node.args:
            made = union(self.called(v, node, module) for v in self.infer(node.args[0], module))
            return instance(name, made or instance(known.SESSION))
        for keyword in node.keywords:
            if keyword.arg == "class_":
                cls = self.annotation(keyword.value, module)
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
        first = self.infer(node.args[0], module) if node.args else UNKNOWN
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
                return instance(known.RESULT, *self._statement_shape(first))
            case "exec":
                shape = self._statement_shape(first)
                if len(shape) == 1:
                    return instance(known.SCALARS, *shape)
                return instance(known.RESULT, *shape)
            case "scalars":
                return instance(known.SCALARS, *self._statement_shape(first)[:1])
            case "scalar":
                return union(self._statement_shape(first)[:1])
            case "entity":
                return self.annotation(node.args[0], module) if node.args else UNKNOWN
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
            case "next_of":
                return union(self.element(v) for v in first)
            case "value_of":
                return owner.args[1] if len(owner.args) > 1 else UNKNOWN
            case "values_of":
                return instance("builtins.list", owner.args[1]) if len(owner.args) > 1 else UNKNOWN
            case "cast":
                return self.annotation(node.args[0], module) if node.args else UNKNOWN
            case _:
                return instance(word)

    def _selected(self, node: ast.expr, module: Module) -> Values:
        found: set[Value] = set()
        for value in self.infer(node, module):
            match value:
                case ClassValue(cls=cls):
                    found.add(Instance(cls))
                case Instance(cls="builtins.type", args=args) if args:
                    found |= args[0]
                case _:
                    found.add(value)
        return frozenset(found)

    def _statement_shape(self, statement: Values) -> tuple[Values, ...]:
        for value in statement:
            if isinstance(value, Instance) and value.cls in (known.SELECT, known.QUERY):
                return value.args
        return ()

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
        return UNKNOWN

    def entered(self, value: Value) -> Values:
        """What ``with value as name`` binds to the name."""
        match value:
            case Instance(cls=known.CONTEXT, args=args):
                return union(args[:1])
            case Instance(cls=cls) if isinstance(cls, str):
                for base in known.ancestry(cls):
                    if known.RETURNS.get(f"{base}.__enter__") == "self":
                        return one(value)
                return UNKNOWN
            case Instance():
                for name in ("__enter__", "__aenter__"):
                    found = union(
                        self.returned(v.function)
                        for v in self.instance_attribute(value, name)
                        if isinstance(v, FunctionValue)
                    )
                    if found:
                        return found
                return one(value) if self.program.is_session_class(value.cls) else UNKNOWN
        return UNKNOWN

    # -- functions ---------------------------------------------------------------------------

    def result(self, function: Function) -> Values:
        """What a call of ``function`` gives, decorators included."""
        values = self.returned(function)
        if function.is_generator:
            values = instance(known.GENERATOR, self.yielded(function))
            if self.program.decorated(
                function, "contextlib.contextmanager", "contextlib.asynccontextmanager"
            ):
                return instance(known.CONTEXT, self.yielded(function))
            return values
        if function.is_async:
            return instance(known.COROUTINE, values)
        return values

    def returned(self, function: Function) -> Values:
        """What the ``return`` statements of ``function`` (or its annotation) give."""
        found = self._returned.get(function)
        if found is not None:
            return found
        key = ("returned", function)
        if key in self._busy or len(self._busy) > _DEPTH:
            return UNKNOWN
        self._busy.add(key)
        try:
            module = function.module
            annotation = function.definition.returns
            found = self.annotation(annotation, module) if annotation is not None else UNKNOWN
            if not found:
                found = union(
                    self.infer(r.value, module) for r in function.returns if r.value is not None
                )
        finally:
            self._busy.discard(key)
        if found or not self._busy:
            self._returned[function] = found
        return found

    def yielded(self, function: Function) -> Values:
        """What a generator yields."""
        found = union(
            self.infer(y.value, function.module)
            for y in function.yields
            if isinstance(y, ast.Yield) and y.value is not None
        )
        if found:
            return found
        return union(self.element(v) for v in self.returned(function))

    # -- annotations -------------------------------------------------------------------------

    def annotation(self, node: ast.expr, module: Module) -> Values:
        """The values that something annotated with ``node`` can have."""
        match node:
            case ast.Constant(value=str() as text):
                return self._forward(text, node, module)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return self.annotation(left, module) | self.annotation(right, module)
            case ast.Subscript():
                return self._generic(node, module)
            case ast.Name() | ast.Attribute():
                alias = self.program.type_alias(node, module)
                if alias is not None:
                    return self._alias(*alias)
                return self._as_instances(self.infer(node, module))
        return UNKNOWN

    def _alias(self, node: ast.expr, module: Module) -> Values:
        key = ("alias", node)
        if key in self._busy:
            return UNKNOWN
        self._busy.add(key)
        try:
            return self.annotation(node, module)
        finally:
            self._busy.discard(key)

    def _forward(self, text: str, node: ast.expr, module: Module) -> Values:
        try:
            parsed = ast.parse(text, mode="eval").body
        except SyntaxError:
            return UNKNOWN
        scope = module.scope_of(node)
        for inner in ast.walk(parsed):
            module.syntax.scopes[inner] = scope
        return self.annotation(parsed, module)

    def _as_instances(self, values: Values) -> Values:
        found: set[Value] = set()
        for value in values:
            match value:
                case ClassValue(cls=cls, args=args):
                    found.add(Instance(cls, args))
                case External(name=name) if name not in ("typing.Any", "builtins.object"):
                    found.add(Instance(name))
                case TypeVariable() | Instance(cls="sqlalchemy.orm.declarative_base"):
                    found.add(value)
        return frozenset(found)

    def _generic(self, node: ast.Subscript, module: Module) -> Values:
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        found: set[Value] = set()
        for value in self.infer(node.value, module):
            match value:
                case External(name="typing.Optional" | "typing.Union"):
                    found |= union(self.annotation(part, module) for part in inner)
                case External(name="typing.Annotated" | "typing.Final" | "typing.ClassVar"):
                    found |= self.annotation(inner[0], module)
                case External(name="sqlalchemy.orm.Mapped"):
                    found |= self.annotation(inner[0], module)
                case External(name=name):
                    args = tuple(self.annotation(part, module) for part in inner)
                    found.add(Instance(known.canonical(name), args))
                case ClassValue(cls=cls):
                    found.add(Instance(cls, tuple(self.annotation(p, module) for p in inner)))
        return frozenset(found)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def is_property(function: Function) -> bool:
    """Whether reading the attribute calls the function."""
    return any(
        (isinstance(d, ast.Name) and d.id in ("property", "cached_property"))
        or (
            isinstance(d, ast.Attribute)
            and d.attr in ("cached_property", "setter", "getter", "hybrid_property", "deleter")
        )
        or (isinstance(d, ast.Name) and d.id in ("hybrid_property", "computed_field"))
        for d in function.definition.decorator_list
    )


def is_classmethod(function: Function) -> bool:
    """Whether the function is bound to its class."""
    return any(
        isinstance(d, ast.Name) and d.id == "classmethod"
        for d in function.definition.decorator_list
    )
