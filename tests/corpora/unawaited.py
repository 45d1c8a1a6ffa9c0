"""Read what looplift made of a code base a second time, with nothing but ``ast``.

``python tests/corpora/unawaited.py BEFORE AFTER [PLAN]`` compares two trees. It shares no code with
looplift, so that it cannot share its mistakes. It prints

- each call of a function that became ``async def`` which is not awaited, nor given to something
  that awaits it;
- each place that hands such a function as a value to something that is not known to await it;
- each file of AFTER that does not compile although it did before;
- each function whose text changed although its syntax tree did not;
- with PLAN (``looplift plan --output-format json``), each changed file that it does not name.

A name is followed through imports and scopes. What ``x.name()`` calls is not known: it is taken for
every method of that name, unless a sync one could be meant too. The places are to be looked at by
hand; the exit code is 1 where there are any.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSION = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.comprehension)
THROUGH = (ast.Starred, ast.List, ast.Tuple, ast.IfExp, ast.BoolOp, ast.NamedExpr, *COMPREHENSION)

# What awaits a coroutine that is handed to it.
RUNNERS = {"run", "run_until_complete", "gather", "create_task", "ensure_future", "wait_for"}
RUNNERS |= {"shield", "as_completed", "wait", "run_coroutine_threadsafe", "await_only"}
RUNNERS |= {"enter_async_context", "aclosing", "anext", "aiter", "timeout"}

# What awaits a function that is handed to it.
TAKERS = {"Depends", "Security", "add_task", "add_exception_handler", "exception_handler"}
TAKERS |= {"add_api_route", "add_route", "add_event_handler", "add_middleware", "middleware"}
TAKERS |= {"patch", "patch.object", "start_soon", "from_thread.run", "run", "wraps", "AsyncMock"}
TAKERS |= {"add_api_websocket_route", "iscoroutinefunction", "Mock", "MagicMock", "override"}
TAKERS |= {"asynccontextmanager", "StreamingResponse", "setattr", "aclosing", "getattr"}

SKIPPED = {".git", "__pycache__", ".looplift_cache"}
BUILTIN = {name for kind in (dict, list, set, str, bytes, tuple, int) for name in dir(kind)}


@dataclass(frozen=True)
class Place:
    """A line of a file, and what is said about it."""

    path: str
    line: int
    said: str


@dataclass
class Scope:
    """The functions, classes and imports of a module, class or function body, by name."""

    name: str
    parent: Scope | None
    node: ast.AST
    members: dict[str, Scope] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)

    @property
    def qualified(self) -> str:
        """The dotted name within the module."""
        above = self.parent.qualified if self.parent else ""
        return f"{above}.{self.name}" if above else self.name


class Reader(ast.NodeVisitor):
    """Collect the scopes of one module, and the parent of each node."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path = path
        self.tree = tree
        self.top = self.scope = Scope("", None, tree)
        self.scopes: dict[ast.AST, Scope] = {tree: self.top}
        self.parents: dict[ast.AST, ast.AST] = {}
        self.stars: list[str] = []
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
        self.visit(tree)

    def visit(self, node: ast.AST) -> None:
        """Enter definitions, and visit everything else as usual."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._enter(node)
        else:
            super().visit(node)

    def _enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        inner = Scope(node.name, self.scope, node)
        # Of two definitions under conditions, the sync one is what could be meant.
        known = self.scope.members.get(node.name)
        if known is None or not isinstance(known.node, ast.FunctionDef):
            self.scope.members[node.name] = inner
        self.scopes[node] = inner
        outer, self.scope = self.scope, inner
        if isinstance(node, FUNCTION):
            inner.bound |= {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        for child in node.body:
            self.visit(child)
        self.scope = outer

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.scope.bound.add(node.id)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.scope.imports[name] = (alias.name if alias.asname else name, "")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        source = node.module or ""
        if node.level:
            parts = self.path.split("/")[: -node.level]
            source = ".".join([*parts, source] if source else parts)
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(source)
            else:
                self.scope.imports[alias.asname or alias.name] = (source, alias.name)

    def place(self, node: ast.AST) -> Scope:
        """The scope in which a node is evaluated."""
        above = self.parents.get(node)
        while above is not None:
            if above in self.scopes and not _in_head(above, node):
                return self.scopes[above]
            node, above = above, self.parents.get(above)
        return self.top


def _in_head(definition: ast.AST, node: ast.AST) -> bool:
    """Whether a child of a definition is a decorator, default, annotation or base."""
    body = getattr(definition, "body", ())
    return isinstance(body, list) and node not in body


class Tree:
    """All Python files below a folder."""

    def __init__(self, folder: Path) -> None:
        self.texts: dict[str, str] = {}
        self.broken: dict[str, str] = {}
        self.readers: dict[str, Reader] = {}
        self.bytes: dict[str, bytes] = {}
        for file in sorted(folder.rglob("*")):
            path = file.relative_to(folder).as_posix()
            if file.is_file() and not SKIPPED & set(path.split("/")):
                self.bytes[path] = file.read_bytes()
                if path.endswith(".py"):
                    self._read(path)

    def _read(self, path: str) -> None:
        try:
            self.texts[path] = self.bytes[path].decode("utf-8")
            tree = ast.parse(self.bytes[path])
            compile(tree, path, "exec", dont_inherit=True)
            self.readers[path] = Reader(path, tree)
        except (SyntaxError, ValueError) as error:
            self.broken[path] = str(error)

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """The paths that each dotted name could mean."""
        names = defaultdict(list)
        for path in self.readers:
            parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
            for first in range(len(parts)):
                names[".".join(parts[first:])].append(path)
        return names

    def module(self, name: str, importer: str) -> str | None:
        """The file that a dotted name means: the one that is nearest to who imports it."""
        found = self.by_name.get(name, ())
        return max(found, key=lambda path: (_shared(path, importer), -len(path)), default=None)

    def member(self, path: str, name: str, depth: int = 8) -> Scope | str | None:
        """What a name means in a module: a definition, or the path of a module."""
        reader = self.readers.get(path)
        if reader is None or not depth:
            return None
        if name in reader.top.members:
            return reader.top.members[name]
        if name in reader.top.imports:
            return self.imported(path, reader.top.imports[name], depth - 1)
        for star in reader.stars:
            source = self.module(star, path)
            if source and (found := self.member(source, name, depth - 1)):
                return found
        if path.endswith("__init__.py"):
            return self._submodule(path.removesuffix("__init__.py"), name)
        return None

    def imported(self, importer: str, what: tuple[str, str], depth: int = 8) -> Scope | str | None:
        """What an import binds."""
        source, name = what
        path = self.module(source, importer)
        if not name or path is None:
            return path if not name else self.module(f"{source}.{name}", importer)
        return self.member(path, name, depth) or self.module(f"{source}.{name}", importer)

    def _submodule(self, folder: str, name: str) -> str | None:
        for path in (f"{folder}{name}.py", f"{folder}{name}/__init__.py"):
            if path in self.readers:
                return path
        return None

    def functions(self) -> Iterator[tuple[tuple[str, str, int], Function, Reader]]:
        """Each function with its path, qualified name and number among those of that name."""
        for path, reader in self.readers.items():
            seen: Counter[str] = Counter()
            for node, scope in reader.scopes.items():
                if isinstance(node, FUNCTION):
                    seen[scope.qualified] += 1
                    yield (path, scope.qualified, seen[scope.qualified]), node, reader


def _shared(one: str, other: str) -> int:
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), 99)


class Second:
    """The second reading of AFTER."""

    def __init__(self, before: Tree, after: Tree) -> None:
        self.after = after
        self.counts: Counter[str] = Counter()
        was = {key: node for key, node, _ in before.functions()}
        self.became: set[ast.AST] = set()
        self.methods: set[str] = set()
        self.sync: set[str] = set(BUILTIN)
        for key, node, reader in after.functions():
            method = isinstance(reader.parents[node], ast.ClassDef)
            if isinstance(node, ast.FunctionDef):
                self.sync |= {node.name} if method else set()
            elif not isinstance(was.get(key), ast.AsyncFunctionDef):
                self.became.add(node)
                self.methods |= {node.name} if method else set()
                self.counts["functions became async def"] += 1

    def places(self) -> Iterator[Place]:
        """Each call or value that has to be looked at."""
        for path, reader in self.after.readers.items():
            for node in ast.walk(reader.tree):
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    said = self._said(path, reader, node)
                    if said:
                        yield Place(path, node.lineno, f"{said} {ast.unparse(node)}")

    def _said(self, path: str, reader: Reader, node: ast.Name | ast.Attribute) -> str:
        parent = reader.parents[node]
        called = isinstance(parent, ast.Call) and parent.func is node
        if not called and not self._handed(reader, node):
            return ""
        if not self._became(path, reader, node):
            return ""
        if called:
            awaited = _awaited(reader, parent)
            self.counts["calls of them, awaited" if awaited else "not awaited"] += 1
            return "" if awaited else "not awaited:"
        taken = _taken(reader, node)
        self.counts["handed to what awaits" if taken else "handed elsewhere"] += 1
        return "" if taken else "handed on:"

    def _handed(self, reader: Reader, node: ast.AST) -> bool:
        """Whether a function is an argument here."""
        parent = reader.parents[node]
        return isinstance(parent, ast.Call | ast.keyword)

    def _became(self, path: str, reader: Reader, node: ast.Name | ast.Attribute) -> bool:
        if isinstance(node, ast.Name):
            found = self._name(path, reader.place(node), node.id)
            return isinstance(found, Scope) and found.node in self.became
        owner = self._owner(path, reader, node.value)
        if isinstance(owner, str):
            found = self.after.member(owner, node.attr)
            return isinstance(found, Scope) and found.node in self.became
        if isinstance(owner, Scope) and node.attr in owner.members:
            return owner.members[node.attr].node in self.became
        if node.attr in self.sync and node.attr in self.methods:
            self.counts["a sync method could be meant"] += 1
        return node.attr in self.methods - self.sync

    def _owner(self, path: str, reader: Reader, value: ast.expr) -> Scope | str | None:
        """The module or class whose attribute is read, where it is plain."""
        if isinstance(value, ast.Attribute):
            outer = self._owner(path, reader, value.value)
            return self.after.member(outer, value.attr) if isinstance(outer, str) else None
        if not isinstance(value, ast.Name):
            return None
        scope: Scope | None = reader.place(value)
        if value.id in ("self", "cls"):
            while scope is not None and not isinstance(scope.node, ast.ClassDef):
                scope = scope.parent
            return scope
        found = self._name(path, scope, value.id)
        if isinstance(found, Scope) and not isinstance(found.node, ast.ClassDef):
            return None
        return found

    def _name(self, path: str, scope: Scope | None, name: str) -> Scope | str | None:
        first = scope
        while scope is not None:
            if scope is first or not isinstance(scope.node, ast.ClassDef):
                if name in scope.members:
                    return scope.members[name]
                if name in scope.imports:
                    return self.after.imported(path, scope.imports[name])
                if name in scope.bound:
                    return None
            scope = scope.parent
        return self.after.member(path, name)


def _awaited(reader: Reader, node: ast.AST) -> bool:
    """Whether a call is awaited, or handed to what awaits it."""
    parent = reader.parents[node]
    while isinstance(parent, THROUGH):
        if isinstance(parent, ast.comprehension) and parent.iter is node and parent.is_async:
            return True
        node, parent = parent, reader.parents[parent]
    if isinstance(parent, ast.AsyncFor):
        return parent.iter is node
    if isinstance(parent, ast.withitem):
        return isinstance(reader.parents[parent], ast.AsyncWith)
    if isinstance(parent, ast.keyword):
        parent = reader.parents[parent]
    if isinstance(parent, ast.Call):
        return _last(parent.func) in RUNNERS
    return isinstance(parent, ast.Await)


def _taken(reader: Reader, node: ast.AST) -> bool:
    parent = reader.parents[node]
    call = reader.parents[parent] if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call):
        return True
    return _last(call.func) in TAKERS | RUNNERS


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def changed_text(before: Tree, after: Tree, paths: set[str]) -> Iterator[Place]:
    """The functions that say the same in other words."""
    was = {key: node for key, node, _ in before.functions() if key[0] in paths}
    for key, node, _ in after.functions():
        old = was.get(key)
        if old is None or ast.dump(old) != ast.dump(node):
            continue
        if _segment(before.texts[key[0]], old) != _segment(after.texts[key[0]], node):
            yield Place(key[0], node.lineno, f"same syntax tree, other text: {node.name}")


def _segment(text: str, node: Function) -> list[str]:
    return text.split("\n")[node.lineno - 1 : node.end_lineno]


def _differences(before: Tree, after: Tree, plan: Path | None) -> Iterator[Place]:
    """What is wrong with files as such."""
    paths = before.bytes.keys() | after.bytes.keys()
    changed = {path for path in paths if before.bytes.get(path) != after.bytes.get(path)}
    print(f"files: {len(after.readers)}, not to be parsed before: {len(before.broken)}")
    print(f"files changed, added or removed: {len(changed)}")
    for path in sorted(after.broken.keys() & changed):
        yield Place(path, 0, f"does not compile: {after.broken[path]}")
    if plan is not None:
        passes = json.loads(plan.read_text("utf-8"))["passes"]
        named = {decision["path"] for run in passes for decision in run["decisions"]}
        for path in sorted(changed - named):
            yield Place(path, 0, "changed, but the plan does not name it")
    yield from changed_text(before, after, changed)


def main(before_folder: Path, after_folder: Path, plan: Path | None) -> int:
    """Print the places and the counts."""
    before, after = Tree(before_folder), Tree(after_folder)
    second = Second(before, after)
    found = [*_differences(before, after, plan), *second.places()]
    for place in found:
        print(f"{place.path}:{place.line}: {place.said}")
    for said, count in sorted(second.counts.items()):
        print(f"{said}: {count}")
    return int(bool(found))


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    sys.exit(main(arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else None))
