"""What an attribute of a value is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.descriptors import is_classmethod, is_property
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
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

#: What makes a column of a mapped class.
_COLUMNS = frozenset(
    {"sqlalchemy.Column", "sqlalchemy.orm.mapped_column", "sqlalchemy.orm.column_property"}
)


class Attributes:
    """Answers for ``value.name``: of modules, classes, objects and what stands outside."""

    def __init__(self, inference: Inference) -> None:
        self.inference = inference
        self.program = inference.program

    def of(self, values: Values, name: str, module: Module) -> Values:
        """The values of the attribute ``name`` of any of ``values``."""
        return union(self._attribute(value, name, module) for value in values)

    def _attribute(self, value: Value, name: str, module: Module) -> Values:
        match value:
            case ModuleValue(module=target):
                return self.inference.member(target, name) or self._submodule(target, name)
            case External(name=dotted) if dotted.startswith("namespace:"):
                return self._namespace(dotted, name)
            case External(name=dotted):
                return one(External(known.canonical(f"{dotted}.{name}")))
            case ClassValue(cls=cls):
                return self._class_attribute(cls, name)
            case Instance(cls="types.ModuleType"):
                return self.program.any_module(name)
            case Instance(cls="builtins.type", args=(inner,)) if inner:
                return self._of_type(inner, name, module)
            case Instance():
                return self.of_instance(value, name)
            case TypeVariable(bound=bound):
                return self.of(bound, name, module)
        return UNKNOWN

    def _of_type(self, instances: Values, name: str, module: Module) -> Values:
        """The attribute of a class that is known by an annotation only: ``type[Model]``."""
        found: set[Value] = set()
        for value in instances:
            match value:
                case Instance(cls=Class() as cls, args=args):
                    found |= self._attribute(ClassValue(cls, args), name, module)
                case Instance(cls=str() as cls):
                    found |= self._attribute(External(cls), name, module)
                case TypeVariable(bound=bound):
                    found |= self._of_type(bound, name, module)
        return frozenset(found)

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
                    values = self.inference.bound(base, name)
                    if self.program.models.is_mapped_attribute(cls, name):
                        return instance(known.COLUMN, values)
                    # What a class method sets on ``cls`` replaces what stands in the class.
                    later = base.attributes.get(name, ())
                    values |= union(self.inference.binding(b, name, base) for b in later)
                    return frozenset(
                        FunctionValue(v.function, owner)
                        if isinstance(v, FunctionValue) and is_classmethod(v.function)
                        else v
                        for v in values
                    )
                if name in base.attributes:
                    return union(
                        self.inference.binding(b, name, base) for b in base.attributes[name]
                    )
            elif (word := known.RETURNS.get(f"{base}.{name}")) is not None:
                return one(Method(owner if word == "self" else Instance(base), name))
        if self.program.models.is_mapped_attribute(cls, name):
            return instance(known.COLUMN, UNKNOWN)
        return UNKNOWN

    def of_instance(self, owner: Instance, name: str) -> Values:
        """The values of ``owner.name``."""
        if owner.cls == known.PROVIDER and name == "provided":
            return union(owner.args[:1])
        if isinstance(owner.cls, str):
            return self._outside_attribute(owner, owner.cls, name)
        if related := self.program.models.related(owner.cls, name):
            return related
        for base in self.program.mro(owner.cls):
            if isinstance(base, str):
                if (word := known.RETURNS.get(f"{base}.{name}")) is not None:
                    return one(
                        Method(owner if word == "self" else Instance(base, owner.args), name)
                    )
                continue
            bindings = [*base.bindings.get(name, ()), *base.attributes.get(name, ())]
            if bindings:
                values = union(self.inference.binding(b, name, base) for b in bindings)
                if self.program.models.is_mapped_attribute(owner.cls, name):
                    # The class has the column, its instances have values of it.
                    values = frozenset(v for v in values if not _is_column(v))
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
                for value in union(self.inference.binding(b, name, base) for b in bindings):
                    found |= self._member_value(value, Instance(other))
                if bindings:
                    break
        return frozenset(found)

    def _member_value(self, value: Value, owner: Instance) -> Values:
        if isinstance(value, FunctionValue):
            if is_property(value.function):
                return self.inference.returned(value.function)
            return one(FunctionValue(value.function, owner))
        return one(value)

    def _outside_attribute(self, owner: Instance, cls: str, name: str) -> Values:
        if cls in known.STATES:
            return self.program.states.of(cls, name)
        for base in known.ancestry(cls):
            word = known.RETURNS.get(f"{base}.{name}")
            if word == "as_select":
                return one(Instance(known.SELECT, owner.args))
            if name == "no_autoflush":
                return one(owner)
            if f"{base}.{name}" in known.ATTRIBUTES:
                return instance(known.ATTRIBUTES[f"{base}.{name}"])
            held, methods = known.HOLDS.get(base, ("", frozenset()))
            if held and name not in methods:
                return instance(held)
        return one(Method(owner, name))

    def substitute(self, values: Values, owner: Instance, base: Class) -> Values:
        """Put the type arguments of ``owner`` in place of the type variables of ``base``."""
        if not any(
            isinstance(v, TypeVariable) or (isinstance(v, Instance) and v.args) for v in values
        ):
            return values
        mapping = self.program.type_arguments(owner, base)
        return self.replace(values, mapping) if mapping else values

    def replace(self, values: Values, mapping: dict[str, Values]) -> Values:
        """Put values in place of the type variables of that name."""
        found: set[Value] = set()
        for value in values:
            if isinstance(value, TypeVariable):
                found |= mapping.get(value.name, one(value))
            elif isinstance(value, Instance) and value.args:
                found.add(Instance(value.cls, tuple(self.replace(a, mapping) for a in value.args)))
            else:
                found.add(value)
        return frozenset(found)


def _is_column(value: Value) -> bool:
    return isinstance(value, Instance) and value.cls in _COLUMNS
