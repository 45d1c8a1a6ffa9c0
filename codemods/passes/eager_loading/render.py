"""Loader options as source text, and the names that they need in a module."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from codemods.edits import Import
from codemods.facts import Program
from codemods.facts.connected import leads_to
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, External, ModuleValue, Values
from codemods.passes.eager_loading.lazily import DEFERRED, adding, is_base, lazily
from codemods.passes.eager_loading.ways import ENDLESS, RECURSION_DEPTH, Path
from codemods.plan.generated import import_name

SELECTIN = "selectinload"
IMMEDIATE = "immediateload"
UNDEFER = "undefer"
SUBCLASSES = "selectin_polymorphic"
#: The strategies by which a relationship is loaded with its object.
EAGER = frozenset({"joined", "selectin", "subquery", "immediate"})


class NoName(Exception):  # noqa: N818 - says what is missing
    """A class can't be named in a module."""


@dataclass
class Tree:
    """Relationships to load below an entity. ``many`` says whether several owners load it."""

    children: dict[str, Tree] = field(default_factory=dict)
    many: bool = False

    def add(self, path: Path, many: bool) -> None:
        """Load the relationships of a path."""
        if path:
            child = self.children.setdefault(path[0], Tree())
            child.many = child.many or many
            child.add(path[1:], many)

    def repeated(self, name: str) -> int:
        """How often a relationship of this name is loaded in a row, the one of the tree first."""
        below = self.children.get(name)
        return 1 + (below.repeated(name) if below is not None else 0)

    def merged(self, name: str) -> Tree:
        """What is loaded besides a relationship that is loaded again and again."""
        rest = Tree(many=self.many)
        level: Tree | None = self
        while level is not None:
            for other, child in level.children.items():
                if other != name:
                    rest.children.setdefault(other, Tree()).take(child)
            level = level.children.get(name)
        return rest

    def take(self, other: Tree) -> None:
        """Load what another tree loads as well."""
        self.many = self.many or other.many
        for name, child in other.children.items():
            self.children.setdefault(name, Tree()).take(child)


class Renderer:
    """Writes loader options for one module and collects the imports that they need.

    ``held`` says that the object can be in the session already. What stands below an
    ``immediateload`` is not looked at for such an object, so that a ``selectinload`` leads there.
    """

    def __init__(self, program: Program, module: Module, *, held: bool = False) -> None:
        self.program = program
        self.module = module
        self.held = held
        self.imports: list[Import] = []

    def options(self, entity: Class, root: str, tree: Tree) -> list[str]:
        """The options that load ``tree`` below ``entity``, which is called ``root`` there."""
        parts = self._polymorphic(entity, root, tree)
        for name, child in tree.children.items():
            parts += self._options(entity, root, name, child, child.many)
        return parts

    def _options(self, entity: Class, root: str, name: str, tree: Tree, many: bool) -> list[str]:
        """The options for one attribute, of the entity or of subclasses that add it."""
        added = adding(self.program, entity, name)
        if not added:
            return [self._option(entity, root, name, tree, "", many)]
        return [
            self._option(one, self.name(one), name, tree, "", many)
            for one in added
            if name in lazily(self.program, one)
        ]

    def _polymorphic(self, entity: Class, root: str, tree: Tree) -> list[str]:
        """The option that loads what subclasses add, where any of that is read."""
        added = {one for name in tree.children for one in adding(self.program, entity, name)}
        if not added:
            return []
        names = ", ".join(self.name(one) for one in sorted(added, key=str))
        return [f"{self.loader(SUBCLASSES)}({root}, [{names}])"]

    def extensions(self, entity: Class, root: str, tree: Tree) -> str:
        """What is chained to an option that is there already, to load ``tree`` below it."""
        parts = self._polymorphic(entity, root, tree)
        if not parts and len(tree.children) == 1:
            [(name, child)] = tree.children.items()
            return self._option(entity, root, name, child, ".", True)
        for name, child in tree.children.items():
            parts += self._options(entity, root, name, child, True)
        return f".options({', '.join(parts)})"

    def _option(
        self, entity: Class, root: str, name: str, tree: Tree, prefix: str, many: bool
    ) -> str:
        relationship = lazily(self.program, entity)[name]
        if relationship.lazy == DEFERRED:
            called = UNDEFER if prefix else self.loader(UNDEFER)
            return f"{prefix}{called}({root}.{name})"
        # An immediateload is not run for what a query of a base gives of its subclasses.
        leads_on = (self.held and bool(tree.children)) or is_base(self.program, entity)
        loader = SELECTIN if many or relationship.many or leads_on else IMMEDIATE
        called = self.loader(loader) if not prefix else loader
        recursion = ""
        if (
            relationship.target is entity
            and tree.repeated(name) >= ENDLESS
            and self.program.versions.at_least(*RECURSION_DEPTH, self.module.path)
        ):
            tree, recursion = tree.merged(name), ", recursion_depth=-1"
        text = f"{prefix}{called}({root}.{name}{recursion})"
        if not tree.children or relationship.target is None:
            return text
        below = many or relationship.many
        target = self.name(relationship.target)
        parts = self._polymorphic(relationship.target, target, tree)
        if not parts and len(tree.children) == 1:
            [(inner, child)] = tree.children.items()
            return self._option(relationship.target, target, inner, child, f"{text}.", below)
        for inner, child in tree.children.items():
            parts += self._options(relationship.target, target, inner, child, below)
        return f"{text}.options({', '.join(parts)})"

    def loader(self, name: str) -> str:
        """The name under which a loader can be called in the module."""
        return self.callable(name, "sqlalchemy.orm")

    def callable(self, name: str, *libraries: str) -> str:
        """The name under which a function of one of the libraries can be called."""
        meant = [External(f"{library}.{name}") for library in libraries]
        for known_name, bindings in self.module.scope.bindings.items():
            if any(b.kind == "from" for b in bindings) and not meant_is_free(
                self.program.inference.name(known_name, self.module.scope), meant
            ):
                return known_name
        taken = name in self.module.scope.bindings
        alias = f"orm_{name}" if taken else ""
        self._import(Import(libraries[0], name, alias))
        return alias or name

    def name(self, cls: Class) -> str:
        """An expression that means ``cls`` in the module."""
        scope = self.module.scope
        if self._means(cls.name, cls):
            return cls.name
        for name, bindings in scope.bindings.items():
            if not any(b.kind in ("import", "from", "class", "assign") for b in bindings):
                continue
            for value in self.program.inference.name(name, scope):
                if value == ClassValue(cls):
                    return name
                if isinstance(value, ModuleValue) and ClassValue(
                    cls
                ) in self.program.inference.member(value.module, cls.name):
                    return f"{name}.{cls.name}"
        source = self._source(cls)
        if source is None or cls.parent is None or not cls.parent.is_module:
            raise NoName(cls.name)
        alias = f"{cls.name}Model" if cls.name in scope.bindings else ""
        if alias in scope.bindings:
            raise NoName(cls.name)
        self._import(Import(source, cls.name, alias))
        return alias or cls.name

    def _means(self, name: str, cls: Class) -> bool:
        return ClassValue(cls) in self.program.inference.name(name, self.module.scope)

    def _source(self, cls: Class) -> str | None:
        """The module path by which another class of the same module is imported, else its name."""
        for statement in ast.walk(self.module.tree):
            if not isinstance(statement, ast.ImportFrom):
                continue
            target = self.program.modules.resolve(
                self.module, statement.module or "", statement.level
            )
            if target is None:
                continue
            if target is cls.module or ClassValue(cls) in self.program.inference.member(
                target, cls.name
            ):
                return "." * statement.level + (statement.module or "")
        if cls.module is self.module:
            return None
        modules = self.program.modules
        found = import_name(self.program, self.module, cls.module.path)
        named = found.lstrip(".")
        if not all(part.isidentifier() for part in named.split(".")):
            return None  # a revision of Alembic: no statement can import it
        if modules.resolve(self.module, named, len(found) - len(named)) is not cls.module:
            return None
        return None if leads_to(cls.module, self.module, modules) else found

    def _import(self, item: Import) -> None:
        if item not in self.imports:
            self.imports.append(item)


def meant_is_free(values: Values, meant: list[External]) -> bool:
    """Whether none of the functions is among the values."""
    return not any(value in values for value in meant)


def continued(entity: Class, paths: Iterable[Path], program: Program) -> set[Path]:
    """``paths``, and what is read of the object itself where a path comes back to its class."""
    found = set(paths)
    for path in list(found):
        current: Class | None = entity
        for index, name in enumerate(path):
            relationship = lazily(program, current).get(name) if current else None
            current = relationship.target if relationship else None
            if current is entity and path[index + 1 :]:
                found.add(path[index + 1 :])
    return found


def repeats(entity: Class, tree: Tree, program: Program) -> bool:
    """Whether a class of which relationships are loaded is met again further on.

    What the relationships of a class load by themselves is met too.
    """
    found: list[Class] = []
    met: set[Class] = set()

    def walk(cls: Class, node: Tree) -> None:
        found.append(cls)
        for name, relationship in program.models.relationships(cls).items():
            target = relationship.target
            if target is None:
                continue
            if name in node.children:
                walk(target, node.children[name])
            elif relationship.lazy in EAGER:
                met.add(target)

    walk(entity, tree)
    return len(set(found)) < len(found) or bool(met & set(found))


def tree_of(paths: Iterable[tuple[Path, bool]]) -> Tree:
    """The tree of several paths."""
    tree = Tree()
    for path, many in sorted(paths):
        tree.add(path, many)
    return tree


def primary_key(cls: Class, program: Program) -> list[str]:
    """The attributes of the primary key, in the order of the class."""
    found: list[str] = []
    for base in reversed([b for b in program.mro(cls) if isinstance(b, Class)]):
        for name, bindings in base.bindings.items():
            for binding in bindings:
                call = binding.value
                if name not in found and isinstance(call, ast.Call) and _is_key(call):
                    found.append(name)
    return found


def _is_key(call: ast.Call) -> bool:
    return any(
        keyword.arg == "primary_key"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in call.keywords
    )


def free_name(entity: Class, function: Function) -> str:
    """A name for the object: its class in small letters."""
    name = "".join(
        f"_{c.lower()}" if c.isupper() and index else c.lower()
        for index, c in enumerate(entity.name)
    )
    return unused((name, f"new_{name}", "result"), function)


def unused(names: Iterable[str], function: Function) -> str:
    """The first of the names that a function does not use, or ""."""
    used = {n.id for n in function.nodes if isinstance(n, ast.Name)}
    used |= {a.arg for a in function.parameters}
    return next((n for n in names if n not in used), "")
