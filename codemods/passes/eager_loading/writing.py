"""The edits of the pass: what was decided, as actions on the nodes of each module."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cached_property

from codemods.edits import (
    AddParameter,
    Arguments,
    Import,
    InsertAfter,
    InsertBefore,
    Rename,
    Rewrite,
)
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, External, Instance, Values
from codemods.passes.eager_loading.again import ReadAgain
from codemods.passes.eager_loading.defaults import EagerDefaults
from codemods.passes.eager_loading.existing import Existing, options_of, options_of_get
from codemods.passes.eager_loading.factories import Factory
from codemods.passes.eager_loading.holding import mapped_in
from codemods.passes.eager_loading.lazily import POLYMORPHIC, is_deferred, lazily
from codemods.passes.eager_loading.loads import PARAMETER, Load, Place
from codemods.passes.eager_loading.reaching import position
from codemods.passes.eager_loading.render import (
    NoName,
    Renderer,
    repeats,
    tree_of,
)
from codemods.passes.eager_loading.requeries import GET, LEGACY, Requery
from codemods.passes.eager_loading.standins import stand_ins
from codemods.passes.eager_loading.ways import Kind, Path

#: How many calls are gone back from a query to those who tell it what to load.
_CALLERS = 6


class Writer(ReadAgain):
    """Turns decisions into edits. Raises ``NoName`` where a class can't be named."""

    def __init__(self, program: Program, places: Iterable[Place] = ()) -> None:
        super().__init__(program)
        self.places = list(places)
        #: The keywords with which ``get`` is called now.
        self.got: set[str] = set()

    # -- factories ---------------------------------------------------------------------------

    def factory(self, factory: Factory) -> None:
        """``expire_on_commit=False``."""
        action = Arguments(put=(("expire_on_commit", "False"),))
        self._add(factory.module, factory.call, action)

    def defaults(self, defaults: EagerDefaults) -> None:
        """``eager_defaults`` in the arguments of a mapper."""
        module = defaults.cls.module
        if defaults.known is not None:
            text = module.source(defaults.known)[:-1].rstrip().removesuffix(",")
            joined = (
                f'{text}, "eager_defaults": True}}' if text != "{" else '{"eager_defaults": True}'
            )
            self._add(module, defaults.known, Rewrite(joined))
            return
        insert = InsertAfter if defaults.behind else InsertBefore
        template = '__mapper_args__ = {"eager_defaults": True}'
        self._add(module, defaults.statement, insert(template))

    # -- options -----------------------------------------------------------------------------

    def place(self, place: Place) -> bool:
        """The options of a query, ``get`` or call; False where nothing is missing."""
        if place.callee is not None or place.kind is Kind.GET:
            return self._keyword(place)
        return self._query(place)

    def _missing(self, place: Place, existing: Existing) -> dict[Class, list[tuple[Path, bool]]]:
        missing: dict[Class, list[tuple[Path, bool]]] = {}
        for load in place.loads:
            if load.path not in existing.options and not self._is_undeferred(load, existing):
                missing.setdefault(load.entity, []).append((load.path, load.many))
        return missing

    def _is_undeferred(self, load: Load, existing: Existing) -> bool:
        """Whether a column is asked for with all of its group, or of its class."""
        owner = self._target(load.entity, load.path[:-1])
        if lazily(self.program, owner)[load.path[-1]].lazy == POLYMORPHIC:
            return POLYMORPHIC in existing.groups
        if not is_deferred(self.program, owner, load.path[-1]):
            return False
        group = self.program.models.deferred(owner)[load.path[-1]]
        return bool({group, "*"} & existing.groups)

    def _query(self, place: Place) -> bool:
        module = place.module
        existing = options_of(place.node, module)
        missing = self._missing(place, existing)
        renderer = Renderer(self.program, module, held=True)
        hurried = self._load_with_the_query(place, existing)
        parts: list[str] = []
        extended: dict[ast.expr, tuple[Class, list[tuple[Path, bool]]]] = {}
        for entity, paths in missing.items():
            root = self._root(place.node, entity, module)
            rest: list[tuple[Path, bool]] = []
            for path, many in paths:
                inner = self._extension(path, existing)
                if inner is None:
                    rest.append((path, many))
                else:
                    node, prefix = inner
                    target = self._target(entity, prefix)
                    extended.setdefault(node, (target, []))[1].append((path[len(prefix) :], True))
            parts += renderer.options(entity, root, tree_of(rest))
        if place.passes:
            parts.append(f"*{PARAMETER}")
        for node, (target, below) in extended.items():
            text = renderer.extensions(target, renderer.name(target), tree_of(below))
            self._add(module, node, Rewrite(f"{{self}}{text}"))
        if parts:
            joined = ", ".join(parts)
            if existing.call is not None:
                template = (
                    f"{{func}}({{args}}, {joined})"
                    if existing.call.args
                    else (f"{{func}}({joined})")
                )
                self._add(module, existing.call, Rewrite(template))
            else:
                self._add(module, place.node, Rewrite(f"{{self}}.options({joined})"))
        self._import(module, renderer.imports)
        return bool(parts or extended or hurried)

    def _load_with_the_query(self, place: Place, existing: Existing) -> bool:
        """``lazyload(User.posts.and_(...))`` of what is read becomes ``selectinload``."""
        read = {load.path[:end] for load in place.loads for end in range(1, len(load.path) + 1)}
        found = [call for path, call in existing.lazy.items() if path in read]
        for call in found:
            if isinstance(call.func, ast.Name):
                self._import(place.module, [Import("sqlalchemy.orm", "selectinload")])
                drop = Import("sqlalchemy.orm", "lazyload")
                self.files[place.module.path].drops.append(drop)
            self._add(place.module, call, Rename("selectinload"))
        return bool(found)

    def _extension(self, path: Path, existing: Existing) -> tuple[ast.expr, Path] | None:
        """An option that is there already and ends where a path goes on."""
        for length in range(len(path) - 1, 0, -1):
            node = existing.options.get(path[:length])
            if node is not None:
                ends = [p for p, n in existing.options.items() if n is node]
                if max(ends, key=len) == path[:length]:
                    return node, path[:length]
                return None
        return None

    def _target(self, entity: Class, path: Path) -> Class:
        current = entity
        for name in path:
            target = lazily(self.program, current)[name].target
            if target is None:
                return current
            current = target
        return current

    def _root(self, call: ast.Call, entity: Class, module: Module) -> str:
        """What a query calls the entity: the class or its alias."""
        for argument in call.args:
            for value in self.program.infer(argument, module):
                cls = value.cls if isinstance(value, ClassValue | Instance) else None
                if isinstance(cls, Class) and (cls is entity or entity in self.program.mro(cls)):
                    return module.source(argument)
        raise NoName(f"the query of line {call.lineno} is not of {entity.name}; it")

    def _keyword(self, place: Place) -> bool:
        module = place.module
        existing, value = options_of_get(place.node)
        missing = self._missing(place, existing)
        renderer = Renderer(self.program, module, held=place.callee is not None)
        parts: list[str] = []
        for entity, paths in missing.items():
            if place.callee is None:
                root = self._root(place.node, entity, module)
            else:
                root = renderer.name(entity)
            parts += renderer.options(entity, root, tree_of(paths))
        if not parts and not place.passes:
            return self._fill_anew(place)
        if place.passes:
            parts.append(f"*{PARAMETER}")
        if isinstance(value, ast.List | ast.Tuple):
            parts[:0] = [module.source(element) for element in value.elts]
        elif value is not None:
            parts.insert(0, f"*{module.source(value)}")
        text = PARAMETER if parts == [f"*{PARAMETER}"] else f"[{', '.join(parts)}]"
        put = [(PARAMETER, text)]
        if place.callee is None and self._is_loaded_before(place):
            put.append(("populate_existing", "True"))
        elif place.callee is None and place.passes and self._is_told_of_held(place):
            put.append(("populate_existing", f"bool({PARAMETER})"))
        if place.callee is None:
            self.got.update(name for name, _ in put)
        self._add(module, place.node, Arguments(put=tuple(put)))
        self._import(module, renderer.imports)
        return True

    def _fill_anew(self, place: Place) -> bool:
        """``get`` ignores the options that it has where the object is in the session already."""
        call = place.node
        if place.callee is not None or any(k.arg == "populate_existing" for k in call.keywords):
            return False
        if not self._is_loaded_before(place):
            return False
        self.got.add("populate_existing")
        self._add(place.module, call, Arguments(put=(("populate_existing", "True"),)))
        return True

    def stand_ins(self) -> None:
        """Functions of tests that stand in for ``get`` take what it is given now."""
        for function, keyword in stand_ins(self.program, frozenset(self.got)):
            if self.program.codebase.editable(function.module.path):
                action = AddParameter(f"{keyword}=None")
                self._add(function.module, function.definition, action)

    def _is_loaded_before(self, place: Place) -> bool:
        """Whether ``get`` could find the object in the session, where it ignores options.

        Not where filling it anew would unload what was just loaded.
        """
        function = place.module.function_of(place.node)
        if function is None or not place.loads:
            return False
        for entity in {load.entity for load in place.loads}:
            paths = [(load.path, load.many) for load in place.loads if load.entity is entity]
            if repeats(entity, tree_of(paths), self.program):
                return False
        functions = {function} | {
            place.module.function_of(hop.call) or function
            for load in place.loads
            for hop in load.stack
        }
        entities = {load.entity for load in place.loads}
        if self._tests_share and any(self._is_in_tests(entity) for entity in entities):
            return True
        return any(
            entities & self._held(self.program.parameter(one, parameter))
            for one in functions
            for parameter in one.parameters
        ) or any(
            entities & self._held(self.program.inference.bound(function, name))
            for name, bindings in function.bindings.items()
            if any(
                binding.kind in ("assign", "annotated", "for")
                and position(binding.node) < position(place.module.statement(place.node))
                for binding in bindings
            )
        )

    def _is_told_of_held(self, place: Place, depth: int = 0) -> bool:
        """The same for the callers by whom a query is told what to load."""
        function = place.module.function_of(place.node)
        callers = [other for other in self.places if other.callee is function]
        told = [other for other in callers if other.loads]
        held = any(self._is_loaded_before(other) for other in told) or any(
            self._is_told_of_held(other, depth + 1)
            for other in callers
            if other.passes and depth < _CALLERS
        )
        return held and not any(
            repeats(load.entity, tree_of([(load.path, load.many)]), self.program)
            for other in told
            for load in other.loads
        )

    def _held(self, values: Values) -> set[Class]:
        """The entities of which objects are in the session with these, by what they lead to."""
        found = mapped_in(values, self.program)
        related = {
            relationship.target
            for cls in found
            for relationship in self.program.models.relationships(cls).values()
            if relationship.target is not None
        }
        return found | related

    @cached_property
    def _tests_share(self) -> bool:
        """Whether tests hand the application a session in which they have put objects."""
        return any(self.program.web.shares(override) for override in self.program.web.overrides)

    def _is_in_tests(self, entity: Class) -> bool:
        return any(
            self.program.web.in_tests(module)
            for module in self.program.modules.mentioning((entity.name,))
        )

    # -- parameters --------------------------------------------------------------------------

    def parameter(self, function: Function) -> None:
        """A parameter for loader options."""
        annotated = any(a.annotation is not None for a in function.parameters)
        if not annotated:
            self._add(function.module, function.definition, AddParameter(f"{PARAMETER}=()"))
            return
        module = function.module
        imports = []
        names = []
        for word, source in (
            ("Sequence", "collections.abc"),
            ("ORMOption", "sqlalchemy.orm.interfaces"),
        ):
            meant = self.program.inference.name(word, module.scope)
            if not meant:
                imports.append(Import(source, word))
            elif not any(isinstance(v, External) and v.name.endswith(word) for v in meant):
                self._add(module, function.definition, AddParameter(f"{PARAMETER}=()"))
                return
            names.append(word)
        self._import(module, imports)
        text = f"{PARAMETER}: {names[0]}[{names[1]}] = ()"
        self._add(module, function.definition, AddParameter(text))

    def requery(self, requery: Requery) -> None:
        """A statement fills what is in the session, as it did when that had expired."""
        if requery.form == GET:
            put = Arguments(put=(("populate_existing", "True"),))
            self._add(requery.module, requery.node, put)
            return
        template = "{self}.execution_options(populate_existing=True)"
        if requery.form == LEGACY:
            template = "{self}.populate_existing()"
        self._add(requery.module, requery.node, Rewrite(template))
