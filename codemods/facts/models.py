"""ORM models: which classes are mapped, their columns and their relationships."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.mappings import Mapping, columns_of, declared, mappings, own_properties
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.relations import (
    arguments,
    backref_strategy,
    deferred_group,
    foreign_keys,
    has_secondary,
    is_keyed,
    loader_strategy,
    named_columns,
    relationship_call,
)
from codemods.facts.syntax import Class
from codemods.facts.values import UNKNOWN, ClassRef, ClassValue, Instance, Values, instance, one

if TYPE_CHECKING:
    from codemods.facts.program import Program

DECLARATIVE_BASES = (
    "sqlalchemy.orm.DeclarativeBase",
    "sqlalchemy.orm.DeclarativeBaseNoMeta",
    "sqlalchemy.orm.declarative_base",
    "sqlalchemy.orm.registry.generate_base",
    "flask_sqlalchemy.SQLAlchemy.Model",
)

#: Decorators that make a base class of mapped classes.
_BASE_DECORATORS = (
    "sqlalchemy.orm.as_declarative",
    "sqlalchemy.ext.declarative.as_declarative",
    "sqlalchemy.orm.registry.as_declarative_base",
)

#: How an annotation says that a relationship leads to many.
_COLLECTIONS = "list[ List[ set[ Set[ Sequence[ Collection[ dict[ Dict[ Mapping[".split()

_COLUMNS = frozenset(
    {"sqlalchemy.Column", "sqlalchemy.orm.mapped_column", "sqlalchemy.orm.column_property"}
)


@dataclass(frozen=True)
class Relationship:
    """A relationship: ``owner.name`` leads to ``target`` (many of them, if ``many``).

    ``lazy`` is the loader strategy as written ("select" by default); ``options`` are the keyword
    arguments as expressions. ``back`` is set on the side that a ``backref`` makes, ``keyed`` where
    the collection is a dictionary.
    """

    owner: Class
    name: str
    target: Class | None
    many: bool
    lazy: str = "select"
    back: str = ""
    call: ast.Call | None = None
    backref: bool = False
    keyed: bool = False


class Models:
    """The mapped classes of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._mapped: dict[Class, bool] = {}
        self._relationships: dict[Class, dict[str, Relationship]] = {}
        self._backrefs: dict[Class, dict[str, Relationship]] | None = None
        self._by_name: dict[str, list[Class]] | None = None
        self._mappings: dict[Class, Mapping] | None = None
        self._deferred: dict[Class, dict[str, str]] = {}

    def is_mapped(self, cls: ClassRef) -> bool:
        """Whether ``cls`` is mapped to a table."""
        if isinstance(cls, str):
            return False
        if cls not in self._mapped:
            self._mapped[cls] = False
            self._mapped[cls] = self._maps(cls)
        return self._mapped[cls]

    def mapping(self, cls: Class) -> Mapping | None:
        """What is mapped of a class outside of its body."""
        if self._mappings is None:
            self._mappings = {}
            self._mappings = mappings(self.program)
        return self._mappings.get(cls)

    def _is_base(self, cls: ClassRef) -> bool:
        """Whether mapped classes derive from ``cls``."""
        if isinstance(cls, str):
            return cls in DECLARATIVE_BASES
        return any(name in _BASE_DECORATORS for name in self._decorators(cls))

    def _decorators(self, cls: Class) -> list[str]:
        return [
            self.program.outside_name(d.func if isinstance(d, ast.Call) else d, cls.module)
            for d in cls.definition.decorator_list
        ]

    def _maps(self, cls: Class) -> bool:
        bases = self.program.mro(cls)
        mapping = self.mapping(cls)
        if mapping is not None and mapping.table is not None:
            return True
        if known.SQLMODEL in bases:
            return any(
                isinstance(base, Class)
                and any(
                    keyword.arg == "table"
                    and isinstance(keyword.value, ast.Constant)
                    and keyword.value.value is True
                    for keyword in base.definition.keywords
                )
                for base in bases
            )
        if not any(self._is_base(base) for base in bases):
            return self._declarative(cls)
        if self._is_base(cls) and "__tablename__" not in cls.bindings:
            return False
        return any(
            isinstance(base, Class)
            and ("__tablename__" in base.bindings or "__table__" in base.bindings)
            for base in bases
        ) or bool(self._columns(cls))

    def _declarative(self, cls: Class) -> bool:
        return any(
            name.endswith((".mapped", ".mapped_as_dataclass")) for name in self._decorators(cls)
        )

    def _columns(self, cls: Class) -> set[str]:
        found = set()
        for name, bindings in cls.bindings.items():
            for binding in bindings:
                if binding.value is not None and isinstance(binding.value, ast.Call):
                    called = self.program.outside_name(binding.value.func, cls.module)
                    if called in _COLUMNS or called == "sqlmodel.Field":
                        found.add(name)
                elif binding.kind == "annotated" and not name.startswith("__"):
                    found.add(name)
        for method, call in declared(cls, self.program):
            if self.program.outside_name(call.func, cls.module) in _COLUMNS:
                found.add(method.name)
        mapping = self.mapping(cls)
        if mapping is not None and mapping.table is not None:
            for call in columns_of(mapping.table, mapping.module, self.program):
                if call.args and isinstance(call.args[0], ast.Constant):
                    found.add(str(call.args[0].value))
        return found

    def is_entity(self, values: Values) -> bool:
        """Whether these are mapped instances (and not columns or functions)."""
        return any(isinstance(v, Instance) and self.is_mapped(v.cls) for v in values)

    def entities(self, values: Values) -> list[Class]:
        """The mapped classes among the instances."""
        return [
            v.cls
            for v in values
            if isinstance(v, Instance) and isinstance(v.cls, Class) and self.is_mapped(v.cls)
        ]

    def is_mapped_attribute(self, cls: Class, name: str) -> bool:
        """Whether ``cls.name`` is a column or a relationship of a mapped class."""
        if name.startswith("__") or not self.is_mapped(cls):
            return False
        if name in self.relationships(cls):
            return True
        return any(
            isinstance(base, Class) and name in self._columns(base)
            for base in self.program.mro(cls)
        )

    def columns(self, cls: Class) -> set[str]:
        """The names of the columns, inherited ones included."""
        found: set[str] = set()
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                found |= self._columns(base)
        return found - set(self.relationships(cls))

    def relationships(self, cls: Class) -> dict[str, Relationship]:
        """The relationships of a mapped class by name, inherited and backrefs included."""
        found: dict[str, Relationship] = {}
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                for name, relationship in self._own(base).items():
                    found.setdefault(name, relationship)
                if self._backrefs is not None:
                    for name, relationship in self._backrefs.get(base, {}).items():
                        found.setdefault(name, relationship)
        return found

    def deferred(self, cls: Class) -> dict[str, str]:
        """The columns of a mapped class that are loaded when they are read, and their groups."""
        if cls not in self._deferred:
            self._deferred[cls] = self._find_deferred(cls)
        return self._deferred[cls]

    def _find_deferred(self, cls: Class) -> dict[str, str]:
        found: dict[str, str] = {}
        for base in self.program.mro(cls):
            if isinstance(base, Class) and "deferred" in base.module.identifiers:
                for name, call, _, module in self._calls(base):
                    group = deferred_group(call, module, self.program)
                    if group is not None:
                        found.setdefault(name, group)
        return found

    def related(self, cls: Class, name: str) -> Values:
        """What a relationship leads to, where no annotation says so: instances, or a list."""
        if not self.is_mapped(cls):
            return UNKNOWN
        relationship = self.relationships(cls).get(name)
        if relationship is None or relationship.target is None:
            return UNKNOWN
        target = one(Instance(relationship.target))
        if relationship.keyed:
            return instance("builtins.dict", UNKNOWN, target)
        return instance("builtins.list", target) if relationship.many else target

    def read_backrefs(self) -> None:
        """Read every model of the program, so that backrefs are known on both sides."""
        if self._backrefs is not None:
            return
        self._backrefs = {}
        for module in self.program.modules.mentioning(("backref",)):
            for cls in module.classes.values():
                if self.is_mapped(cls):
                    self._read_backrefs_of(cls)

    def _read_backrefs_of(self, cls: Class) -> None:
        assert self._backrefs is not None
        for relationship in list(self._own(cls).values()):
            if relationship.backref and relationship.target is not None:
                self._backrefs.setdefault(relationship.target, {})[relationship.back] = (
                    Relationship(
                        relationship.target,
                        relationship.back,
                        cls,
                        many=not relationship.many or has_secondary(relationship.call),
                        lazy=backref_strategy(relationship.call),
                        back=relationship.name,
                        call=None,
                    )
                )

    def all(self) -> list[Class]:
        """Every mapped class."""
        return [cls for cls in self.program.all_classes() if self.is_mapped(cls)]

    def named(self, name: str) -> list[Class]:
        """The mapped classes with that name."""
        if self._by_name is None:
            self._by_name = {}
            for cls in self.program.all_classes():
                self._by_name.setdefault(cls.name, []).append(cls)
        return [cls for cls in self._by_name.get(name, []) if self.is_mapped(cls)]

    def _own(self, cls: Class) -> dict[str, Relationship]:
        if cls not in self._relationships:
            self._relationships[cls] = found = {}
            for name, call, annotation, module in self._calls(cls):
                made = relationship_call(call, module, self.program)
                if made is not None or self._leads_to_entity(call, annotation, module, cls):
                    found[name] = self._relationship(cls, name, made or call, annotation, module)
        return self._relationships[cls]

    def _leads_to_entity(
        self, call: ast.Call, annotation: ast.expr | None, module: Module, cls: Class
    ) -> bool:
        """Whether something unknown makes an attribute that is annotated with a mapped class."""
        if annotation is None or self.program.infer(call.func, module):
            return False
        target, _ = self._annotated_target(annotation, module, cls)
        return target is not None and self.is_mapped(target)

    def _calls(self, cls: Class) -> Iterator[tuple[str, ast.Call, ast.expr | None, Module]]:
        """The calls that can make relationships of a class, wherever they stand."""
        for name, bindings in cls.bindings.items():
            for binding in bindings:
                if isinstance(binding.value, ast.Call):
                    yield name, binding.value, binding.annotation, cls.module
        for method, call in declared(cls, self.program):
            yield method.name, call, method.definition.returns, cls.module
        given = [(own_properties(cls), cls.module)]
        if mapping := self.mapping(cls):
            given.append((mapping.properties, mapping.module))
        for values, module in given:
            for name, value in values.items():
                if isinstance(value, ast.Call):
                    yield name, value, None, module

    def _relationship(
        self,
        cls: Class,
        name: str,
        call: ast.Call,
        annotation: ast.expr | None,
        module: Module,
    ) -> Relationship:
        given, keywords = arguments(call)
        target, many = self._target(cls, given, keywords, annotation, module)
        inner = keywords.get("sa_relationship_kwargs")
        if isinstance(inner, ast.Dict):
            for key, value in zip(inner.keys, inner.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    keywords.setdefault(key.value, value)
        uselist = keywords.get("uselist")
        if isinstance(uselist, ast.Constant) and isinstance(uselist.value, bool):
            many = uselist.value
        back, backref = "", False
        for word in ("back_populates", "backref"):
            named = keywords.get(word)
            if isinstance(named, ast.Call) and named.args:
                named = named.args[0]
            if isinstance(named, ast.Constant) and isinstance(named.value, str):
                back, backref = named.value, word == "backref"
        lazy = keywords.get("lazy")
        strategy = loader_strategy(lazy)
        keyed = many and is_keyed(keywords.get("collection_class"), annotation)
        return Relationship(cls, name, target, many, strategy, back, call, backref, keyed)

    def _target(
        self,
        cls: Class,
        given: list[ast.expr],
        keywords: dict[str, ast.expr],
        annotation: ast.expr | None,
        module: Module,
    ) -> tuple[Class | None, bool]:
        many: bool | None = None
        target: Class | None = None
        if annotation is not None:
            target, many = self._annotated_target(annotation, module, cls)
        first = given[0] if given else keywords.get("argument")
        if first is not None and target is None:
            if isinstance(first, ast.Lambda):
                first = first.body
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                named = self._classes_named(first.value.rpartition(".")[2], cls)
                target = named
            elif module.parent(first) is not None:
                target = next(
                    (v.cls for v in self.program.infer(first, module) if isinstance(v, ClassValue)),
                    None,
                )
        if "collection_class" in keywords:
            many = True
        if many is None:
            many = "secondary" in keywords or not self._is_to_one(cls, target, keywords, module)
        return target, many

    def _is_to_one(
        self,
        cls: Class,
        target: Class | None,
        keywords: dict[str, ast.expr],
        module: Module,
    ) -> bool:
        """Whether the foreign key of a relationship stands in its own class."""
        side = keywords.get("remote_side")
        if cls is target and side is not None:
            return not any(list(foreign_keys(node)) for node in self._columns_in(side, cls))
        given = keywords.get("foreign_keys")
        owners = self._owners(given, cls, module) if given is not None and cls is not target else []
        if owners and target is not None and all(owner in (cls, target) for owner in owners):
            return target not in owners
        return self._has_foreign_key_to(cls, target)

    def _columns_in(self, node: ast.expr, cls: Class) -> Iterator[ast.expr]:
        """The definitions of the columns that ``remote_side`` names: ``[id]``, ``"Node.id"``."""
        for name in named_columns(node):
            for binding in cls.bindings.get(name.rpartition(".")[2], ()):
                if binding.value is not None:
                    yield binding.value

    def _owners(self, node: ast.expr, cls: Class, module: Module) -> list[Class]:
        """The classes of the columns that ``foreign_keys`` names."""
        found = []
        for name in named_columns(node):
            holder = name.rpartition(".")[0].rpartition(".")[2]
            values = self.program.inference.name(holder, module.scope) if holder else ()
            known = next((v.cls for v in values if isinstance(v, ClassValue)), None)
            owner = known or (self._classes_named(holder, cls) if holder else cls)
            if owner is not None:
                found.append(owner)
        return found

    def _classes_named(self, name: str, near: Class) -> Class | None:
        """The mapped class that a relationship of ``near`` means by a name.

        A registry knows the classes of one declarative base: not those of a revision of Alembic,
        nor of a test, which often have the same names.
        """
        found = self.named(name)
        return max(found, key=lambda cls: self._nearness(cls, near), default=None)

    def _nearness(self, cls: Class, near: Class) -> tuple[bool, bool, bool, int]:
        tests = self.program.web.in_tests
        pairs = zip(cls.module.path.split("/"), near.module.path.split("/"), strict=False)
        return (
            cls.module is near.module,
            is_migration(cls.module) == is_migration(near.module),
            tests(cls.module) == tests(near.module),
            len(list(takewhile(lambda pair: pair[0] == pair[1], pairs))),
        )

    def _annotated_target(
        self, annotation: ast.expr, module: Module, near: Class
    ) -> tuple[Class | None, bool]:
        text = ast.unparse(annotation)
        many = any(word in text for word in _COLLECTIONS)
        many = many or "WriteOnlyMapped" in text or "DynamicMapped" in text
        for node in ast.walk(annotation):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for word in node.value.replace("[", " ").replace("]", " ").split():
                    named = self._classes_named(word.strip("'\",|"), near)
                    if named is not None:
                        return named, many
            if isinstance(node, ast.Name | ast.Attribute):
                for value in self.program.infer(node, module):
                    if isinstance(value, ClassValue):
                        return value.cls, many
                if isinstance(node, ast.Name) and (named := self._classes_named(node.id, near)):
                    return named, many
        return None, many

    def _has_foreign_key_to(self, cls: Class, target: Class | None) -> bool:
        """Whether a column of ``cls`` points at the table of ``target`` (many-to-one)."""
        if target is None or cls is target:
            return False
        table = self.table_name(target)
        # The columns of a mixin's relationship can stand in the classes that it is mixed into.
        bases = [*self.program.mro(cls), *self.program.subclasses(cls)]
        for base in bases:
            for node in self._defining(base) if isinstance(base, Class) else ():
                if any(self._points_at(key, target, table) for key in foreign_keys(node)):
                    return True
        return False

    def _points_at(self, column: ast.expr, target: Class, table: str) -> bool:
        if isinstance(column, ast.Constant) and isinstance(column.value, str):
            return column.value.rpartition(".")[0].rpartition(".")[2] == table
        text = ast.unparse(column)
        given = self._table(target)
        named = f"{ast.unparse(given[0])}." if given is not None else f"{target.name}."
        return text.startswith((f"{target.name}.", named))

    def _defining(self, cls: Class) -> list[ast.AST]:
        """The class, and the table that it is mapped to where that stands elsewhere."""
        given = self._table(cls)
        definition = self.program.definition(*given) if given is not None else None
        return [cls.definition, *([definition[0]] if definition is not None else [])]

    def _table(self, cls: Class) -> tuple[ast.expr, Module] | None:
        """The expression for the table of a class, where it does not name one."""
        mapping = self.mapping(cls)
        if mapping is not None and mapping.table is not None:
            return mapping.table, mapping.module
        for binding in cls.bindings.get("__table__", ()):
            if binding.value is not None:
                return binding.value, cls.module
        return None

    def table_name(self, cls: Class) -> str:
        """The name of the table of a mapped class."""
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                for binding in base.bindings.get("__tablename__", ()):
                    if isinstance(binding.value, ast.Constant):
                        return str(binding.value.value)
        given = self._table(cls)
        found = (self.program.definition(*given) or given) if given is not None else None
        if found is not None and isinstance(found[0], ast.Call) and found[0].args:
            first = found[0].args[0]
            if isinstance(first, ast.Constant):
                return str(first.value)
        return cls.name.lower()
