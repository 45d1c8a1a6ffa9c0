"""Statements: whether they have an end, and whether their rows can be read in parts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.schemas import Schemas
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance, Values
from codemods.passes.streaming_response.reads import LeftError, Read

_SELECTS = frozenset({"sqlalchemy.select", "sqlmodel.select"})
#: What ends a statement after so many rows.
_LIMITS = frozenset({"limit", "offset", "fetch", "slice"})
_FILTERS = frozenset({"where", "filter", "filter_by", "having"})
_BUILDERS = _FILTERS | frozenset(
    "join outerjoin join_from select_from options order_by distinct group_by execution_options "
    "prefix_with suffix_with with_hint correlate params with_only_columns add_columns".split()
)
#: Response models within response models that are looked at.
_DEEPEST = 5
#: Loaders and strategies that need all rows at once.
_WHOLE = frozenset({"joined", "subquery", "unknown", "immediate"})


class Statements:
    """What is known of the statements of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.schemas = Schemas(program)

    def is_bounded(self, read: Read) -> bool:
        """Whether the statement ends by itself; raises ``LeftError`` where it can't be told."""
        parts = list(self._parts(read.statement, read.function, 0))
        selects = [part for part in parts if self._is_select(part, read.module)]
        if not selects:
            raise LeftError("its statement is not built in this function")
        if any(_method(part) in _LIMITS for part in parts):
            return True
        if any(self._is_aggregate(select, read.module) for select in selects):
            return not any(_method(part) == "group_by" for part in parts)
        if any(self._names_one(part, selects, read.module) for part in parts):
            return True
        for part in parts:
            name = _method(part)
            if name and part not in selects and name not in _BUILDERS:
                raise LeftError(f"its statement uses {name}()")
        return False

    def check_loading(self, read: Read, mysql: bool) -> None:
        """Raise ``LeftError`` where its rows or what they load can't be read in parts."""
        parts = list(self._parts(read.statement, read.function, 0))
        entities = self._entities(parts, read.module)
        loaders = {
            name.rpartition(".")[2]
            for part in parts
            if _method(part) == "options"
            for node in ast.walk(part)
            if isinstance(node, ast.Call)
            for name in [self._called(node, read.module)]
        }
        if "subqueryload" in loaders:
            raise LeftError("subqueryload() needs all rows at once")
        for owner in self._reachable(entities):
            for relationship in self.program.models.relationships(owner).values():
                if relationship.lazy in _WHOLE and (
                    relationship.many or relationship.lazy != "joined"
                ):
                    raise LeftError(
                        f"{owner.name}.{relationship.name} (lazy={relationship.lazy!r}) needs all "
                        "rows at once"
                    )
                if relationship.lazy == "selectin":
                    loaders.add("selectinload")
        if mysql and loaders:
            raise LeftError(
                "a MySQL connection can't load relationships while rows are still coming"
            )

    def check_lazy(self, read: Read, model: Values) -> None:
        """Raise ``LeftError`` where the response model reads what an earlier part has loaded.

        Of a list, a many-to-one relationship may be found among the other objects of the list;
        objects of an earlier part are gone.
        """
        parts = list(self._parts(read.statement, read.function, 0))
        loaded = {
            node.attr
            for part in parts
            if _method(part) == "options"
            for node in ast.walk(part)
            if isinstance(node, ast.Attribute)
        }
        for entity in self._entities(parts, read.module):
            for schema in self.schemas.schemas(model):
                self._check_lazy(entity, schema, loaded, 0)

    def _check_lazy(self, entity: Class, schema: Instance, loaded: set[str], depth: int) -> None:
        relationships = self.program.models.relationships(entity)
        for field in self.schemas.fields(schema).values():
            relationship = relationships.get(field.source)
            if relationship is None or depth > _DEEPEST:
                continue
            if relationship.lazy == "select" and relationship.name not in loaded:
                raise LeftError(f"its query does not load {entity.name}.{relationship.name}")
            if relationship.target is not None:
                for inner in self.schemas.schemas(field.values):
                    self._check_lazy(relationship.target, inner, loaded, depth + 1)

    def _reachable(self, entities: set[Class]) -> set[Class]:
        found, waiting = set[Class](), list(entities)
        while waiting:
            cls = waiting.pop()
            if cls in found:
                continue
            found.add(cls)
            for relationship in self.program.models.relationships(cls).values():
                if relationship.target is not None:
                    waiting.append(relationship.target)
        return found

    def _entities(self, parts: list[ast.Call], module: Module) -> set[Class]:
        return {
            value.cls
            for part in parts
            if self._is_select(part, module)
            for argument in part.args
            for value in self.program.infer(argument, module)
            if isinstance(value, ClassValue) and self.program.models.is_mapped(value.cls)
        }

    def _parts(self, node: ast.expr, function: Function, depth: int) -> Iterator[ast.Call]:
        """The calls that build a statement, through the names of a function."""
        if depth > 20:
            raise LeftError("its statement is built in more ways than can be followed")
        match node:
            case ast.Call(func=ast.Attribute(value=value)):
                yield node
                if not self._is_select(node, function.module):
                    yield from self._parts(value, function, depth + 1)
            case ast.Call():
                yield node
            case ast.Name(id=name):
                yield from self._named(name, function, depth)
            case ast.IfExp(body=body, orelse=orelse):
                yield from self._parts(body, function, depth + 1)
                yield from self._parts(orelse, function, depth + 1)
            case _:
                raise LeftError("its statement is not built in this function")

    def _named(self, name: str, function: Function, depth: int) -> Iterator[ast.Call]:
        bindings = function.bindings.get(name, [])
        if not bindings:
            raise LeftError("its statement is not built in this function")
        for binding in bindings:
            if binding.kind not in ("assign", "annotated") or binding.value is None or binding.path:
                raise LeftError("its statement is not built in this function")
            if _starts_with(binding.value, name):
                yield from _links(binding.value)
            else:
                yield from self._parts(binding.value, function, depth + 1)

    def _is_select(self, call: ast.Call, module: Module) -> bool:
        return self._called(call, module) in _SELECTS

    def _called(self, call: ast.Call, module: Module) -> str:
        return self.program.outside_name(call.func, module)

    def _is_aggregate(self, select: ast.Call, module: Module) -> bool:
        """Whether only functions such as ``func.count()`` are selected."""
        return bool(select.args) and all(
            any(
                (
                    isinstance(node, ast.Call)
                    and self._called(node, module).startswith("sqlalchemy.func.")
                )
                or (
                    isinstance(node, ast.Attribute)
                    and self.program.outside_name(node, module) == "sqlalchemy.func"
                )
                for node in ast.walk(argument)
            )
            for argument in select.args
        )

    def _names_one(self, part: ast.Call, selects: list[ast.Call], module: Module) -> bool:
        """Whether a filter leaves one row, or those of a given list of keys."""
        if _method(part) not in _FILTERS:
            return False
        entities = self._entities(selects, module)
        for argument in part.args:
            for node in ast.walk(argument):
                match node:
                    case ast.Compare(left=ast.Attribute() as left, ops=[ast.Eq()]):
                        if self._is_unique(left, module):
                            return True
                    case ast.Call(func=ast.Attribute(value=ast.Attribute() as left, attr="in_")):
                        if self._is_unique(left, module):
                            return True
        return any(
            self._unique_column(entity, keyword.arg or "")
            for keyword in part.keywords
            for entity in entities
        )

    def _is_unique(self, column: ast.Attribute, module: Module) -> bool:
        return any(
            isinstance(value, ClassValue) and self._unique_column(value.cls, column.attr)
            for value in self.program.infer(column.value, module)
        )

    def _unique_column(self, cls: Class, name: str) -> bool:
        """Whether a column is the primary key or has ``unique=True``."""
        keys = []
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                for column, bindings in base.bindings.items():
                    for binding in bindings:
                        if not isinstance(binding.value, ast.Call):
                            continue
                        true = {
                            keyword.arg
                            for keyword in binding.value.keywords
                            if isinstance(keyword.value, ast.Constant)
                            and keyword.value.value is True
                        }
                        if column == name and "unique" in true:
                            return True
                        if "primary_key" in true:
                            keys.append(column)
        return keys == [name]


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _links(node: ast.expr) -> Iterator[ast.Call]:
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield node
        node = node.func.value


def _starts_with(node: ast.expr, name: str) -> bool:
    """Whether a chain of calls begins at the name that it is assigned to."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return isinstance(node, ast.Name) and node.id == name
