"""The places that read relationships: attributes, model members, and Pydantic models."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.models import Relationship
from codemods.facts.modules import Module
from codemods.facts.schemas import Field, Schemas
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance, Values
from codemods.passes.eager_loading.flow import Tracer
from codemods.passes.eager_loading.holding import mapped_in, texts_of_decorators
from codemods.passes.eager_loading.implicit import ImplicitReads
from codemods.passes.eager_loading.lazily import DEFERRED, lazily
from codemods.passes.eager_loading.named import named_writes
from codemods.passes.eager_loading.templates import Templates
from codemods.passes.eager_loading.ways import Path, Touch, steps

RESPONSE = "response model"
_DEPTH = 5
_FROM_OBJECT = frozenset({"model_validate", "from_orm", "validate", "parse_obj"})
_NOT_LAZY = frozenset({"joined", "selectin", "subquery", "immediate", "raise", "noload", "None"})
_QUERYING = frozenset({"dynamic", "write_only"})


class Touches:
    """Finds what is read of mapped instances."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.schemas = Schemas(program)
        self.tracer = Tracer(program)
        self.implicit = ImplicitReads(program, self)
        program.models.read_backrefs()
        self._members: dict[tuple[Class, str], set[Path]] = {}

    def all(self) -> list[Touch]:
        """Every touch outside of the models' own methods."""
        names = self.lazy_names()
        if not names:
            return []
        self._read_members(names)
        found: list[Touch] = []
        members = self.member_names()
        for module in self.modules(names | members, tests=True):
            found += self._reads(module, names | members)
            found += self._writes(module, names)
        for module in self.modules({"setattr", "sqlmodel_update"}, tests=True):
            found += named_writes(self, module)
        special = {name for name in members if name.startswith("__")}
        found += self.implicit.all(special)
        found += self._responses()
        found += self._validations()
        found += Templates(self.program, self).reads()
        return found

    def modules(self, names: Iterable[str], tests: bool = False) -> list[Module]:
        """The modules to look at that mention one of the names."""
        return [
            module
            for module in self.program.modules.mentioning(names)
            if (tests or not self.program.web.in_tests(module)) and not is_migration(module)
        ]

    def relationship_names(self) -> set[str]:
        """The names of all relationships."""
        models = self.program.models
        return {name for cls in models.all() for name in models.relationships(cls)}

    def lazy_names(self) -> set[str]:
        """The names of all relationships, and of deferred columns."""
        return {name for cls in self.program.models.all() for name in lazily(self.program, cls)}

    def member_names(self) -> set[str]:
        """The names of methods and properties of models that read relationships."""
        return {name for _, name in self._members}

    # -- attribute reads ---------------------------------------------------------------------

    def _reads(self, module: Module, names: set[str]) -> Iterator[Touch]:
        for name in sorted(names & set(module.syntax.references)):
            for node in module.syntax.references[name]:
                if isinstance(node, ast.Attribute) and not self.in_model(node, module):
                    yield from self._read(node, module)

    def in_model(self, node: ast.AST, module: Module) -> bool:
        """Whether a place is in a method of a model and reads of ``self`` there."""
        function = module.function_of(node)
        return (
            function is not None
            and isinstance(function.parent, Class)
            and self.program.models.is_mapped(function.parent)
        )

    def _read(self, node: ast.Attribute, module: Module) -> Iterator[Touch]:
        for entity in self._entities(self.program.infer(node.value, module)):
            for path in self.paths_of(entity, node.attr):
                parent = module.parent(node)
                writes = isinstance(parent, ast.Attribute) and parent.attr in (
                    "append",
                    "remove",
                    "extend",
                    "add",
                    "discard",
                    "insert",
                    "clear",
                    "pop",
                )
                yield Touch(node.value, module, entity, path, node, _read_of(node), writes)

    def _writes(self, module: Module, names: set[str]) -> Iterator[Touch]:
        """``user.tags = [...]``, ``page.body += "."``: what is there has to be known."""
        for node in module.syntax.parents:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if node.attr not in names:
                    continue
                added = isinstance(module.parent(node), ast.AugAssign)
                for entity in self._entities(self.program.infer(node.value, module)):
                    one = self.relationship(entity, node.attr)
                    if one is not None and (one.many or (added and one.lazy == DEFERRED)):
                        why = f"{ast.unparse(node)} is replaced"
                        path = (node.attr,)
                        yield Touch(node.value, module, entity, path, node, why, True)

    def _entities(self, values: Values) -> list[Class]:
        return sorted(set(self.program.models.entities(values)), key=str)

    def relationship(self, entity: Class, name: str) -> Relationship | None:
        """The relationship of that name, or a deferred column."""
        return lazily(self.program, entity).get(name)

    def paths_of(self, entity: Class, name: str) -> list[Path]:
        """What reading ``entity.name`` reads: a relationship, or what a member goes through."""
        if name in lazily(self.program, entity):
            return [(name,)]
        found: set[Path] = set()
        for base in self.program.mro(entity):
            if isinstance(base, Class):
                found |= self._members.get((base, name), set())
        return sorted(found)

    def leads_back(self, entity: Class, name: str, rest: Path) -> bool:
        """Whether a path behind a relationship goes back to where that came from."""
        first = self.relationship(entity, name)
        second = self.relationship(first.target, rest[0]) if first and first.target else None
        return first is not None and second is not None and _inverse(first, second)

    # -- members of models -------------------------------------------------------------------

    def _read_members(self, names: set[str]) -> None:
        """What each method and property of a model reads of ``self``, to a fixed point."""
        self._read_proxies()
        methods = [
            (cls, method)
            for cls in self.program.all_classes()
            if self.program.models.is_mapped(cls) or self._is_mixin(cls)
            for method in cls.methods
            if method.name != "__init__"
        ]
        for _ in range(_DEPTH + 2):
            before = sum(len(paths) for paths in self._members.values())
            for cls, method in methods:
                self._read_method(cls, method, names)
            if sum(len(paths) for paths in self._members.values()) == before:
                break

    def _is_mixin(self, cls: Class) -> bool:
        return any(self.program.models.is_mapped(c) for c in self.program.subclasses(cls))

    def _read_method(self, cls: Class, method: Function, names: set[str]) -> None:
        wanted = names | {name for _, name in self._members}
        for node in method.nodes:
            for touch in self._touches_at(node, method.module, wanted):
                for landing in self.tracer.trace(touch):
                    reached = landing.demand.path
                    # One step too many says that there are more; see is_too_deep.
                    if landing.function is method and steps(reached) <= _DEPTH + 1:
                        self._members.setdefault((cls, method.name), set()).add(reached)

    def _touches_at(self, node: ast.AST, module: Module, wanted: set[str]) -> Iterator[Touch]:
        """What a node in a method of a model reads."""
        if isinstance(node, ast.Attribute):
            if node.attr in wanted and isinstance(node.ctx, ast.Load):
                for entity in self._entities(self.program.infer(node.value, module)):
                    for path in self.paths_of(entity, node.attr):
                        yield Touch(node.value, module, entity, path, node, _read_of(node))
            return
        for read in self.implicit.at(node, module):
            yield from self.implicit.read(read, module)

    def _read_proxies(self) -> None:
        """``association_proxy("memberships", "group")`` goes through both."""
        for cls in self.program.models.all():
            for name, bindings in cls.bindings.items():
                for binding in bindings:
                    call = binding.value
                    if not isinstance(call, ast.Call) or len(call.args) < 1:
                        continue
                    called = self.program.outside_name(call.func, cls.module)
                    if not called.endswith(".association_proxy"):
                        continue
                    parts = [a.value for a in call.args if isinstance(a, ast.Constant)]
                    path = tuple(str(part) for part in parts)
                    self._members.setdefault((cls, name), set()).add(self.within(cls, path))

    def within(self, entity: Class, path: Path) -> Path:
        """The part of a path that is relationships."""
        found: list[str] = []
        current: Class | None = entity
        for name in path:
            relationship = self.relationship(current, name) if current else None
            if relationship is None:
                break
            found.append(name)
            current = relationship.target
        return tuple(found)

    # -- Pydantic models ---------------------------------------------------------------------

    def schema_paths(self, entity: Class, schema: Instance, depth: int = 0) -> set[Path]:
        """The relationships that making a Pydantic model from an instance reads."""
        found: set[Path] = set()
        if depth > _DEPTH:
            return found
        for field in self.schemas.fields(schema).values():
            for path in self.paths_of(entity, field.source):
                found.add(path)
                target = self.target(entity, path)
                if target is None:
                    continue
                for inner in self.schemas.schemas(field.values):
                    for rest in self.schema_paths(target, inner, depth + 1):
                        found.add((*path, *rest))
        own = {name: field.source for name, field in self.schemas.fields(schema).items()}
        for validator in self.schemas.validators(schema):
            found |= self._validated(entity, validator)
            for name in own.keys() & texts_of_decorators(validator):
                found |= self._beyond(entity, self.paths_of(entity, own[name]), validator)
        return found

    def _beyond(self, entity: Class, paths: list[Path], validator: Function) -> set[Path]:
        """What the validator of a field reads of what the field holds."""
        names = {n.attr for n in validator.nodes if isinstance(n, ast.Attribute)}
        return {
            (*path, *rest)
            for path in paths
            if (target := self.target(entity, path)) is not None
            for name in names
            for rest in self.paths_of(target, name)
        }

    def _validated(self, entity: Class, validator: Function) -> set[Path]:
        """What a validator reads of the object, and of what it finds there."""
        names = {n.attr for n in validator.nodes if isinstance(n, ast.Attribute)}
        found = {path for name in names for path in self.paths_of(entity, name)}
        for path in list(found):
            target = self.target(entity, path)
            if target is not None and target is not entity:
                found |= {(*path, *rest) for name in names for rest in self.paths_of(target, name)}
        return found

    def target(self, entity: Class, path: Path) -> Class | None:
        """Where a path leads."""
        current: Class | None = entity
        for name in path:
            relationship = self.relationship(current, name) if current else None
            current = relationship.target if relationship else None
        return current

    def _responses(self) -> Iterator[Touch]:
        """What the response models of routes read of what the routes return."""
        for function, routes in self.program.web.routes.items():
            for route in routes:
                if route.response_model is None:
                    continue
                values = self.program.annotation(route.response_model, route.module)
                schemas = list(self.schemas.schemas(values))
                for statement in function.returns:
                    if statement.value is not None:
                        yield from self._made(statement.value, function.module, schemas, RESPONSE)

    def _made(
        self, node: ast.expr, module: Module, schemas: Iterable[Instance], what: str
    ) -> Iterator[Touch]:
        """Touches of the instances in an expression that Pydantic models are made from."""
        schemas = list(schemas)
        values = self.program.infer(node, module)
        for entity in sorted(mapped_in(values, self.program), key=str):
            for schema in schemas:
                for path in sorted(self.schema_paths(entity, schema)):
                    why = f"{what} {getattr(schema.cls, 'name', '')}"
                    escapes = what == RESPONSE
                    yield Touch(node, module, entity, path, node, why, escapes=escapes)
        for entity, field in self._row_fields(values, schemas):
            for inner in self.schemas.schemas(field.values):
                for path in sorted(self.schema_paths(entity, inner)):
                    yield Touch(node, module, entity, path, node, f"{what} field {field.name}")
        if isinstance(node, ast.Dict) and schemas:
            yield from self._keys(node, module, schemas)

    def _row_fields(
        self, values: Values, schemas: list[Instance], depth: int = 0
    ) -> Iterator[tuple[Class, Field]]:
        """The fields that are read from the entities of rows: ``row.Post``."""
        for value in values:
            if not isinstance(value, Instance) or depth > 3:
                continue
            if value.cls == known.ROW:
                for part in value.args:
                    for entity in self.program.models.entities(part):
                        for schema in schemas:
                            for field in self.schemas.fields(schema).values():
                                if field.source == entity.name:
                                    yield entity, field
            else:
                for argument in value.args:
                    yield from self._row_fields(argument, schemas, depth + 1)

    def _keys(self, node: ast.Dict, module: Module, schemas: list[Instance]) -> Iterator[Touch]:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                for schema in schemas:
                    field = self.schemas.fields(schema).get(str(key.value))
                    if field is not None:
                        inner = self.schemas.schemas(field.values)
                        yield from self._made(value, module, inner, "field of")

    def _validations(self) -> Iterator[Touch]:
        """Pydantic models that the code itself makes from instances."""
        for module in self.modules((*_FROM_OBJECT, "BaseModel", "parse_obj_as", "TypeAdapter")):
            for name in (*_FROM_OBJECT, "parse_obj_as", "validate_python"):
                for call in module.syntax.calls.get(name, ()):
                    yield from self._validation(call, name, module)
        for cls in self.program.all_classes():
            if self.program.is_subclass(cls, "pydantic.BaseModel"):
                yield from self._constructions(cls)

    def _validation(self, call: ast.Call, name: str, module: Module) -> Iterator[Touch]:
        if name == "parse_obj_as" and len(call.args) > 1:
            schemas = self.schemas.schemas(self.program.annotation(call.args[0], module))
            yield from self._made(call.args[1], module, schemas, "made into")
        elif isinstance(call.func, ast.Attribute) and call.args:
            owner = self.program.infer(call.func.value, module)
            if name == "validate_python":
                adapter = self.program.definition(call.func.value, module)
                source, where = adapter or (call.func.value, module)
                if isinstance(source, ast.Call) and source.args:
                    found = self.schemas.schemas(self.program.annotation(source.args[0], where))
                    yield from self._made(call.args[0], module, found, "made into")
                return
            models = [
                Instance(v.cls, v.args)
                for v in owner
                if isinstance(v, ClassValue)
                and self.program.is_subclass(v.cls, "pydantic.BaseModel")
            ]
            yield from self._made(call.args[0], module, models, "made into")

    def _constructions(self, cls: Class) -> Iterator[Touch]:
        """``Page(items=users)``: the fields of a model that is made by hand."""
        if self.program.models.is_mapped(cls):
            return
        fields = self.schemas.fields(Instance(cls))
        for reference in self.program.calls.class_references(cls):
            if reference.call is None or self.program.web.in_tests(reference.module):
                continue
            for keyword in reference.call.keywords:
                field = fields.get(keyword.arg or "")
                if field is not None:
                    schemas = self.schemas.schemas(field.values)
                    yield from self._made(keyword.value, reference.module, schemas, "field of")

    def is_too_deep(self, touch: Touch) -> bool:
        """Whether a touch reads further than is followed: around a cycle of classes, mostly."""
        return steps(self.lazy_part(touch.entity, touch.path)) > _DEPTH

    # -- what needs no load ------------------------------------------------------------------

    def lazy_part(self, entity: Class, path: Path, held: int = 0) -> Path:
        """A path without what is loaded anyway: eager relationships, and the way back.

        A path that ends in something that is loaded anyway is cut there; "" is left if nothing
        of it is lazy. What the first ``held`` steps go through is not held when the rest is read.
        """
        path = path[:held] + self._without_return(self.target(entity, path[:held]), path[held:])
        last, current = 0, entity
        for index, name in enumerate(path):
            relationship = self.relationship(current, name)
            if relationship is None or relationship.lazy in _QUERYING:
                break
            if relationship.lazy not in _NOT_LAZY:
                last = index + 1
            if relationship.target is None:
                break
            current = relationship.target
        return path[:last]

    def _without_return(self, entity: Class | None, path: Path) -> Path:
        """``user.posts[0].author`` is the user: the object that is there already."""
        kept: list[Relationship] = []
        current: Class | None = entity
        for name in path:
            relationship = self.relationship(current, name) if current else None
            if relationship is None:
                break
            if (
                kept
                and not relationship.many
                and kept[-1].many
                and _inverse(kept[-1], relationship)
            ):
                kept.pop()
                current = relationship.target
                continue
            kept.append(relationship)
            current = relationship.target
        return tuple(r.name for r in kept)

    def queries(self, entity: Class, path: Path) -> bool:
        """Whether a path goes through a dynamic relationship, which can't be loaded ahead."""
        current: Class | None = entity
        for name in path:
            relationship = self.relationship(current, name) if current else None
            if relationship is None:
                return False
            if relationship.lazy in _QUERYING:
                return True
            current = relationship.target
        return False


def _inverse(first: Relationship, second: Relationship) -> bool:
    """Whether the second relationship leads back to where the first one came from."""
    return second.target is first.owner and (
        first.back == second.name or (bool(second.back) and second.back == first.name)
    )


def _read_of(node: ast.Attribute) -> str:
    return f"{ast.unparse(node)[:60]} is read"
