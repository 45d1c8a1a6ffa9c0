"""Statements: whether they have an end, and whether their rows can be read in parts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.schemas import Schemas
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance, Values
from codemods.passes.streaming_response.reads import LeftError, Read

_SELECTS = frozenset({"sqlalchemy.select", "sqlmodel.select"})
#: What ends a statement after so many rows.
_LIMITS = frozenset({"limit", "offset", "fetch", "slice"})
_COUNTS = frozenset({"limit", "fetch"})
_FILTERS = frozenset({"where", "filter", "filter_by", "having"})
_BUILDERS = (
    _FILTERS
    | _LIMITS
    | frozenset(
        "join outerjoin join_from select_from options order_by distinct group_by execution_options "
        "prefix_with suffix_with with_hint correlate params with_only_columns add_columns".split()
    )
)
#: Response models within response models that are looked at.
_DEEPEST = 5
_FLOATS = frozenset(
    {"builtins.float"}
    | {
        f"{library}.{name}"
        for library in ("sqlalchemy", "sqlalchemy.types", "sqlalchemy.dialects.postgresql")
        for name in ("Float", "FLOAT", "REAL", "Double", "DOUBLE", "DOUBLE_PRECISION")
    }
)
_NOT_A_NUMBER = (
    "a NaN in {} would be an error after the answer began; name the path operation in `include` "
    "to stream it all the same"
)
#: Loaders and strategies that need all rows at once.
_WHOLE = frozenset({"joined", "subquery", "unknown", "immediate"})


class Statements:
    """What is known of the statements of a program."""

    def __init__(self, program: Program, threshold: int = 0) -> None:
        self.program = program
        self.schemas = Schemas(program)
        self.threshold = threshold

    def is_bounded(self, read: Read) -> bool:
        """Whether the statement ends by itself; raises ``LeftError`` where it can't be told."""
        parts = list(self._parts(read.statement, read.function, 0))
        selects = [part for part in parts if self._is_select(part, read.module)]
        if not selects:
            raise LeftError("its statement is not built in this function")
        if any(_method(part) in _LIMITS for part in parts):
            return not any(self._is_high(part, read.function) for part in parts)
        if any(self._is_aggregate(select, read.module) for select in selects):
            return not any(_method(part) == "group_by" for part in parts)
        if any(self._names_one(part, selects, read.module) for part in parts):
            return True
        for part in parts:
            name = _method(part)
            if name and part not in selects and name not in _BUILDERS:
                raise LeftError(f"its statement uses {name}()")
        return False

    def _is_high(self, part: ast.Call, function: Function) -> bool:
        """Whether a limit is known to be so high that the list counts as one without."""
        if not self.threshold or _method(part) not in _COUNTS or len(part.args) != 1:
            return False
        number = _number(part.args[0], function)
        return number is not None and number >= self.threshold

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
        loaded = _attributes_loaded(parts)
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

    def check_item(self, read: Read, nodes: Iterable[ast.AST], row: str) -> None:
        """Raise ``LeftError`` where what is made of a row reads what an earlier part has loaded."""
        parts = list(self._parts(read.statement, read.function, 0))
        loaded = _attributes_loaded(parts)
        entities = self._entities(parts, read.module)
        used = [inner for node in nodes for inner in ast.walk(node)]
        based = {n.value for n in used if isinstance(n, ast.Attribute | ast.Subscript)}
        for node in used:
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == row:
                    for entity in entities:
                        self._check_loaded(entity, attr, loaded)
                case ast.Call(
                    func=ast.Attribute(value=schema, attr="model_validate" | "from_orm"),
                    args=[ast.Name(id=name) as given, *_],
                ) if name == row:
                    based.add(given)
                    for value in self.program.infer(schema, read.module):
                        if isinstance(value, ClassValue):
                            for entity in entities:
                                self._check_lazy(entity, Instance(value.cls), loaded, 0)
        if any(isinstance(n, ast.Name) and n.id == row and n not in based for n in used):
            for entity in entities:
                for name in self.program.models.relationships(entity):
                    self._check_loaded(entity, name, loaded)

    def _check_loaded(self, entity: Class, name: str, loaded: set[str]) -> None:
        relationship = self.program.models.relationships(entity).get(name)
        if relationship is not None and relationship.lazy == "select" and name not in loaded:
            raise LeftError(f"its query does not load {entity.name}.{name}")

    def check_numbers(self, read: Read, model: Values | None, used: set[str] | None) -> None:
        """Raise ``LeftError`` where a number can be one that JSON has not.

        ``model`` is what the response model means, None where there is none; then ``used`` are
        the attributes of a row that are written, None for all.
        """
        if model is not None:
            for schema in self.schemas.schemas(model):
                self._check_fields(schema, 0)
            return
        for part in self._parts(read.statement, read.function, 0):
            if self._is_select(part, read.module):
                for argument in part.args:
                    self._check_selected(argument, read.module, used)

    def _check_selected(self, node: ast.expr, module: Module, used: set[str] | None) -> None:
        for value in self.program.infer(node, module):
            if isinstance(value, ClassValue) and isinstance(value.cls, Class):
                columns = set(self.program.models.columns(value.cls))
                for name in columns if used is None else columns & used:
                    self._check_column(value.cls, name)
        if isinstance(node, ast.Attribute) and (used is None or node.attr in used):
            for value in self.program.infer(node.value, module):
                if isinstance(value, ClassValue) and isinstance(value.cls, Class):
                    self._check_column(value.cls, node.attr)

    def _check_fields(self, schema: Instance, depth: int) -> None:
        for field in self.schemas.fields(schema).values():
            if _holds_float(field.values, 0):
                raise LeftError(_NOT_A_NUMBER.format(field.name))
            if depth < _DEEPEST:
                for inner in self.schemas.schemas(field.values):
                    self._check_fields(inner, depth + 1)

    def _check_column(self, cls: Class, name: str) -> None:
        for base in self.program.mro(cls):
            if not isinstance(base, Class):
                continue
            for binding in base.bindings.get(name, ()):
                for node in (binding.annotation, binding.value):
                    if node is not None and self._names_float(node, base.module):
                        raise LeftError(_NOT_A_NUMBER.format(name))

    def _names_float(self, node: ast.expr, module: Module) -> bool:
        return any(
            isinstance(inner, ast.Name | ast.Attribute)
            and self.program.outside_name(inner, module) in _FLOATS
            for inner in ast.walk(node)
        )

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


def _attributes_loaded(parts: list[ast.Call]) -> set[str]:
    """The relationships that the options of a statement name."""
    return {
        node.attr
        for part in parts
        if _method(part) == "options"
        for node in ast.walk(part)
        if isinstance(node, ast.Attribute)
    }


def _holds_float(values: Values, depth: int) -> bool:
    return any(
        isinstance(value, Instance)
        and (
            value.cls == "builtins.float"
            or (depth < _DEEPEST and any(_holds_float(inner, depth + 1) for inner in value.args))
        )
        for value in values
    )


def _number(node: ast.expr, function: Function) -> int | None:
    """The number that an expression is, or the default of the parameter that it names."""
    match node:
        case ast.Constant(value=int() as number):
            return number
        case ast.Name(id=name):
            for argument in function.parameters:
                default = function.default_of(argument)
                if argument.arg == name and isinstance(default, ast.Constant):
                    return _number(default, function)
            for binding in function.module.scope.bindings.get(name, ()):
                if binding.kind == "assign" and isinstance(binding.value, ast.Constant):
                    return _number(binding.value, function)
    return None


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
