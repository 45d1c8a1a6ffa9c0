"""The whole program: one place to ask what a name, a parameter or a call means."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterable, Iterator
from functools import cached_property

from codemods.facts import blocking_table
from codemods.facts import knowledge as known
from codemods.facts.bare import completed
from codemods.facts.calls import CallGraph
from codemods.facts.containers import handed
from codemods.facts.entries import Entries
from codemods.facts.evaluation import Evaluation
from codemods.facts.infer import Inference
from codemods.facts.meeting import Meetings
from codemods.facts.models import Models
from codemods.facts.modules import Module, Modules
from codemods.facts.protocols import Protocols
from codemods.facts.states import States, middleware_request
from codemods.facts.syntax import Binding, Class, Function, Scope
from codemods.facts.values import (
    UNKNOWN,
    ClassRef,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    ModuleValue,
    TypeVariable,
    Value,
    Values,
    instance,
    one,
    union,
)
from codemods.facts.versions import Versions
from codemods.facts.web import Web
from codemods.source import CodeBase, SourceError

#: What ``from library import *`` brings, where it matters.
_STAR_NAMES: dict[str, frozenset[str]] = {
    "sqlmodel": frozenset("Session SQLModel Field Relationship select create_engine".split()),
    "sqlalchemy": frozenset("create_engine select Column ForeignKey func text".split()),
    "sqlalchemy.orm": frozenset("Session sessionmaker relationship joinedload Query".split()),
    "fastapi": frozenset("FastAPI APIRouter Depends HTTPException Request Response".split()),
}


#: A name that more modules than this define says nothing about a module chosen at run time.
_MANY = 40


#: What makes a base class for mapped classes when it is called.
_BASE_MAKERS = ("declarative_base", "generate_base", "automap_base")


class Program:
    """The facts of one code base. ``reuse`` is the program before an edit: what did not change
    is not read again."""

    def __init__(self, codebase: CodeBase, reuse: Program | None = None) -> None:
        self.codebase = codebase
        self.modules: Modules = Modules(codebase, reuse.modules if reuse else None)
        self._begin()

    def _begin(self) -> None:
        """Know nothing yet but the files."""
        self.evaluation = Evaluation()
        self.inference = Inference(self)
        self._mro: dict[Class, tuple[ClassRef, ...]] = {}
        self._anywhere: dict[str, Values] = {}

    def succeeded_by(self, codebase: CodeBase) -> Program:
        """The program of an edited code base. This one is given up."""
        program = Program(codebase, reuse=self)
        self.forget()
        return program

    def forget(self) -> None:
        """Drop what was found out: it is found again when it is asked for. The memory is free at
        once, although the facts point in circles."""
        for module in self.modules:
            module.__dict__.pop("syntax", None)
        kept = {"codebase": self.codebase, "modules": self.modules}
        self.__dict__.clear()
        self.__dict__.update(kept)
        self._begin()
        if not gc.isenabled():
            gc.collect()

    @cached_property
    def models(self) -> Models:
        """The ORM models."""
        return Models(self)

    @cached_property
    def web(self) -> Web:
        """Routes, dependencies, middleware."""
        return Web(self)

    @cached_property
    def meetings(self) -> Meetings:
        """Which modules can be part of one process."""
        return Meetings(self.modules)

    @cached_property
    def states(self) -> States:
        """What requests and applications keep in their ``state``."""
        return States(self)

    @cached_property
    def calls(self) -> CallGraph:
        """Who calls whom."""
        return CallGraph(self)

    @cached_property
    def entries(self) -> Entries:
        """Commands, tasks, jobs and threads."""
        return Entries(self)

    @cached_property
    def versions(self) -> Versions:
        """The versions of libraries that the application means."""
        return Versions(self.codebase)

    @cached_property
    def protocols(self) -> Protocols:
        """Protocols, and the classes that have their methods."""
        return Protocols(self)

    @property
    def errors(self) -> Iterator[SourceError]:
        """The files that could not be read or parsed, so far."""
        yield from self.codebase.errors
        for module in self.modules:
            if module.error is not None:
                yield module.error

    def infer(self, node: ast.expr, module: Module) -> Values:
        """The values that an expression can have."""
        return self.inference.infer(node, module)

    def annotation(self, node: ast.expr, module: Module) -> Values:
        """The values that something annotated with ``node`` can have."""
        return self.inference.annotation(node, module)

    @staticmethod
    def star_names(library: str) -> frozenset[str]:
        """The names that ``from library import *`` brings."""
        return _STAR_NAMES.get(library, frozenset()) | blocking_table.star_names(library)

    def any_module(self, name: str) -> Values:
        """What ``name`` is in any module: for modules that are chosen at run time."""
        if name not in self._anywhere:
            self._anywhere[name] = UNKNOWN
            holders = [
                module
                for module in self.modules.mentioning((name,))
                if any(
                    b.kind not in ("import", "from") for b in module.scope.bindings.get(name, ())
                )
            ]
            if len(holders) <= _MANY:
                self._anywhere[name] = union(
                    self.inference.bound(module.scope, name) for module in holders
                )
        return self._anywhere[name]

    # -- classes -----------------------------------------------------------------------------

    def mro(self, cls: Class) -> tuple[ClassRef, ...]:
        """``cls`` and its bases, nearest first; outside bases by name, with their own bases."""
        if cls in self._mro:
            return self._mro[cls]
        self._mro[cls] = (cls,)
        found: list[ClassRef] = [cls]
        for base in cls.definition.bases:
            for value in self.base_values(base, cls.module):
                match value:
                    case ClassValue(cls=parent):
                        found.extend(c for c in self.mro(parent) if c not in found)
                    case External(name=name):
                        found.extend(c for c in known.ancestry(name) if c not in found)
        self._mro[cls] = tuple(found)
        return self._mro[cls]

    def base_values(self, base: ast.expr, module: Module) -> Values:
        """The classes that an expression in a class header means."""
        values = self.infer(base, module)
        found: set[Value] = set()
        for value in values:
            # declarative_base() makes a class that has no definition in the code base.
            if isinstance(value, Instance) and value.cls == "sqlalchemy.orm.declarative_base":
                found.add(External("sqlalchemy.orm.DeclarativeBase"))
            else:
                found.add(value)
        if not found and isinstance(base, ast.Name | ast.Attribute):
            call = self.definition(base, module)
            if call is not None and isinstance(call[0], ast.Call):
                called = self.infer(call[0].func, call[1])
                if any(isinstance(v, External) and v.name.endswith(_BASE_MAKERS) for v in called):
                    found.add(External("sqlalchemy.orm.DeclarativeBase"))
        return frozenset(found)

    def is_subclass(self, cls: ClassRef, base: str) -> bool:
        """Whether ``cls`` is, or derives from, the outside class ``base``."""
        if isinstance(cls, str):
            return base in known.ancestry(cls)
        return base in self.mro(cls)

    def is_session_class(self, cls: ClassRef) -> bool:
        """Whether objects of ``cls`` are sync sessions."""
        return self.is_subclass(cls, known.SESSION)

    def is_sessionmaker_class(self, cls: ClassRef) -> bool:
        """Whether objects of ``cls`` are session factories."""
        return self.is_subclass(cls, known.SESSIONMAKER)

    def subclasses(self, cls: Class) -> list[Class]:
        """The classes of the code base that derive from ``cls``."""
        return self._subclasses.get(cls, [])

    @cached_property
    def _subclasses(self) -> dict[Class, list[Class]]:
        found: dict[Class, list[Class]] = {}
        for cls in self.all_classes():
            for base in self.mro(cls)[1:]:
                if isinstance(base, Class):
                    found.setdefault(base, []).append(cls)
        return found

    def all_classes(self) -> Iterator[Class]:
        """Every class of the code base."""
        for module in self.modules:
            if "class" in module.identifiers:
                yield from module.classes.values()

    def type_arguments(self, owner: Instance, base: Class) -> dict[str, Values]:
        """The type variables of ``base`` by name, as ``owner``'s class gives them."""
        if not isinstance(owner.cls, Class):
            return {}
        if owner.cls is base:
            names = self._type_parameters(base)
            return dict(zip(names, owner.args, strict=False))
        mapping: dict[str, Values] = {}
        for cls in self.mro(owner.cls):
            if not isinstance(cls, Class):
                continue
            for header in cls.definition.bases:
                if not isinstance(header, ast.Subscript):
                    continue
                for value in self.infer(header, cls.module):
                    if isinstance(value, ClassValue):
                        names = self._type_parameters(value.cls)
                        for name, values in zip(names, value.args, strict=False):
                            mapping.setdefault(name, values)
        return mapping

    def _type_parameters(self, cls: Class) -> list[str]:
        for base in cls.definition.bases:
            if isinstance(base, ast.Subscript):
                inner = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
                names = [
                    node.id
                    for node in inner
                    if isinstance(node, ast.Name)
                    and any(isinstance(v, TypeVariable) for v in self.annotation(node, cls.module))
                ]
                if names:
                    return names
        return [p.name for p in getattr(cls.definition, "type_params", [])]

    # -- names and parameters ----------------------------------------------------------------

    def definition(self, node: ast.expr, module: Module) -> tuple[ast.expr, Module] | None:
        """The expression that a name was assigned, through imports, if there is just one."""
        found = self.binding(node, module)
        if found is None or found[0].value is None or found[0].path:
            return None
        if found[0].kind not in ("assign", "annotated"):
            return None
        return found[0].value, found[1].module

    def binding(self, node: ast.expr, module: Module) -> tuple[Binding, Scope] | None:
        """The one binding that a name (or ``module.name``) means, through imports."""
        if isinstance(node, ast.Name):
            holder = module.scope_of(node).lookup(node.id, node)
            if holder is None:
                return self._starred_binding(node.id, module)
            return self._follow(holder, node.id)
        if isinstance(node, ast.Attribute):
            for value in self.infer(node.value, module):
                if isinstance(value, ModuleValue):
                    return self._follow(value.module.scope, node.attr)
                if isinstance(value, ClassValue):
                    for base in self.mro(value.cls):
                        if isinstance(base, Class) and node.attr in base.bindings:
                            return self._follow(base, node.attr)
        return None

    def home(self, node: ast.expr, module: Module) -> tuple[Scope, str] | None:
        """The scope and the name that a name (or ``module.name``) means, through imports."""
        if isinstance(node, ast.Name):
            holder = module.scope_of(node).lookup(node.id, node)
            if holder is None:
                return self._starred_home(node.id, module, 0)
            return self._home(holder, node.id, 0)
        if isinstance(node, ast.Attribute):
            for value in self.infer(node.value, module):
                if isinstance(value, ModuleValue):
                    return self._home(value.module.scope, node.attr, 0)
        return None

    def home_of(self, holder: Scope, name: str) -> tuple[Scope, str] | None:
        """The scope and the name that ``name`` in a scope means, through imports."""
        return self._home(holder, name, 0)

    def _home(self, holder: Scope, name: str, depth: int) -> tuple[Scope, str] | None:
        bindings = _once(holder.bindings.get(name, []), holder.module)
        if not bindings and holder.is_module:
            return self._starred_home(name, holder.module, depth)
        if len(bindings) != 1 or bindings[0].kind != "from" or depth > 20:
            return holder, name
        alias = bindings[0].node
        statement = holder.module.parent(alias)
        assert isinstance(alias, ast.alias) and isinstance(statement, ast.ImportFrom)
        target = self.modules.resolve(holder.module, statement.module or "", statement.level)
        if target is None:
            return holder, name
        return self._home(target.scope, alias.name, depth + 1)

    def _starred_home(self, name: str, module: Module, depth: int) -> tuple[Scope, str] | None:
        for statement in module.scope.star_imports:
            target = self.modules.resolve(module, statement.module or "", statement.level)
            if target is not None and depth < 20:
                found = self._home(target.scope, name, depth + 1)
                if found is not None and found[0].bindings.get(found[1]):
                    return found
        return None

    def _follow(self, holder: Scope, name: str, depth: int = 0) -> tuple[Binding, Scope] | None:
        bindings = [b for b in holder.bindings.get(name, ()) if b.kind != "augmented"]
        bindings = _once(bindings, holder.module)
        if not bindings and holder.is_module:
            return self._starred_binding(name, holder.module, depth)
        if len(bindings) != 1 or depth > 20:
            return None
        binding = bindings[0]
        if binding.kind == "from" and isinstance(binding.node, ast.alias):
            statement = holder.module.parent(binding.node)
            assert isinstance(statement, ast.ImportFrom)
            target = self.modules.resolve(holder.module, statement.module or "", statement.level)
            if target is None:
                return None
            return self._follow(target.scope, binding.node.name, depth + 1)
        return binding, holder

    def _starred_binding(
        self, name: str, module: Module, depth: int = 0
    ) -> tuple[Binding, Scope] | None:
        for statement in module.scope.star_imports:
            target = self.modules.resolve(module, statement.module or "", statement.level)
            if target is not None and depth < 20:
                found = self._follow(target.scope, name, depth + 1)
                if found is not None:
                    return found
        return None

    def type_alias(self, node: ast.expr, module: Module) -> tuple[ast.expr, Module] | None:
        """What a name stands for that was assigned a type (``Db = Annotated[Session, ...]``)."""
        found = self.definition(node, module)
        if found is None:
            return None
        value, _ = found
        if isinstance(value, ast.Subscript | ast.BinOp | ast.Name | ast.Attribute):
            return found
        return None

    def parameter(self, function: Function, argument: ast.arg) -> Values:
        """The values of a parameter: by annotation, dependency, fixture, ``self`` or callers."""
        return self.evaluation.once(
            ("parameter", argument), lambda: self._parameter(function, argument), UNKNOWN
        )

    def _parameter(self, function: Function, argument: ast.arg) -> Values:
        module = function.module
        if self._is_self(function, argument):
            assert isinstance(function.parent, Class)
            if self.decorated(function, "builtins.classmethod"):
                return one(ClassValue(function.parent))
            return one(Instance(function.parent))
        annotated = argument.annotation
        if annotated is not None and (found := self.annotation(annotated, module)):
            callables = all(isinstance(v, Instance) and v.cls == known.CALLABLE for v in found)
            fixture = self.web.fixture(function, argument.arg) if callables else None
            if fixture:
                return frozenset(self.calls.functions_given(fixture))
            if callables:
                return found | self._functions_passed(function, argument)
            return completed(found, lambda: self.calls.argument_values(function, argument))
        depends = self.web.depends(function, argument)
        if depends is not None:
            return self.web.provided(depends)
        fixture = self.web.fixture(function, argument.arg)
        if fixture is not None:
            inference = self.inference
            if fixture.is_generator:
                return inference.yielded(fixture) or inference.delegated(fixture)
            return inference.returned(fixture)
        found = self.calls.argument_values(function, argument)
        default = function.default_of(argument)
        if default is not None:
            found |= self.infer(default, module)
        if annotated is None:
            return found or middleware_request(self, function, argument)
        return found

    def _functions_passed(self, function: Function, argument: ast.arg) -> Values:
        """The functions of the code base that callers and containers hand to a parameter."""
        passed = self.calls.argument_values(function, argument) | union(
            self.infer(node, module) for node, module in handed(self, function, argument.arg)
        )
        return frozenset(value for value in passed if isinstance(value, FunctionValue))

    def _is_self(self, function: Function, argument: ast.arg) -> bool:
        return (
            function.is_method
            and bool(function.parameters)
            and function.parameters[0] is argument
            and not self.decorated(function, "builtins.staticmethod")
            # Without ``self``, for calls on the class: ``def delete(db: Session, id: str)``.
            and not (
                argument.annotation is not None
                and self.instances(
                    self.annotation(argument.annotation, function.module), known.SESSION
                )
            )
        )

    def decorated(self, function: Function, *names: str) -> bool:
        """Whether one of the decorators is one of these outside names."""
        return any(name in names for name in self.decorators(function))

    def decorators(self, function: Function) -> list[str]:
        """The decorators of a function by resolved name ("" where it is not known)."""
        return [
            self.outside_name(d.func if isinstance(d, ast.Call) else d, function.module)
            for d in function.definition.decorator_list
        ]

    def outside_name(self, node: ast.expr, module: Module) -> str:
        """The dotted name of the outside thing that an expression means, else ""."""
        for value in self.infer(node, module):
            if isinstance(value, External):
                return value.name
        if isinstance(node, ast.Attribute):
            for value in self.infer(node.value, module):
                if isinstance(value, Instance) and isinstance(value.cls, str):
                    return f"{value.cls}.{node.attr}"
        return ""

    def functions(self) -> Iterator[Function]:
        """Every function of the code base."""
        for module in self.modules:
            yield from module.functions.values()

    def instances(self, values: Values, base: str) -> list[Instance]:
        """The values that are objects of (a subclass of) the outside class ``base``."""
        return [v for v in values if isinstance(v, Instance) and self.is_subclass(v.cls, base)]

    def instances_of(self, values: Values, bases: Iterable[str]) -> list[Instance]:
        """The values that are objects of (a subclass of) one of these outside classes."""
        return [found for base in bases for found in self.instances(values, base)]

    def is_a(self, node: ast.expr, module: Module, *bases: str) -> bool:
        """Whether an expression can be an object of one of these outside classes."""
        values = self.infer(node, module)
        return any(self.instances(values, base) for base in bases)

    def called_functions(self, call: ast.Call, module: Module) -> list[Function]:
        """The functions of the code base that a call can reach."""
        return self.calls.targets(call, module)


def _once(bindings: list[Binding], module: Module) -> list[Binding]:
    """Bindings of one name, without imports that only repeat the first."""
    if len(bindings) < 2 or any(b.kind != "from" for b in bindings):
        return bindings
    meant = set()
    for binding in bindings:
        statement = module.parent(binding.node)
        assert isinstance(binding.node, ast.alias) and isinstance(statement, ast.ImportFrom)
        meant.add((statement.level, statement.module, binding.node.name))
    return bindings[:1] if len(meant) == 1 else bindings


__all__ = ["FunctionValue", "Program", "instance", "union"]
