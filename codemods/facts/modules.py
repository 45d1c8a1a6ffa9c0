"""Modules of a code base, parsed when asked for, and the resolution of imports between them."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from weakref import WeakKeyDictionary

from codemods.edits.keys import NodeKey, key_of
from codemods.facts import knowledge as known
from codemods.facts.blocking_table import FUNCTIONS, METHODS
from codemods.facts.reader import Reader
from codemods.facts.syntax import Class, Function, Scope, Syntax
from codemods.source import CodeBase, SourceError, SourceFile

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
#: An absolute import of something within a package: its top, and what is below.
_IMPORTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\w+)\.([\w.]+)", re.MULTILINE)


#: The trees of files that are still there: one file can be a module of several programs.
_TREES: WeakKeyDictionary[SourceFile, ast.Module] = WeakKeyDictionary()


#: The packages that the tables of known names are about.
_LIBRARIES = frozenset(
    name.partition(".")[0]
    for table in (known.CANONICAL, known.BASES, known.RETURNS, FUNCTIONS, METHODS)
    for name in table
)


def is_library(name: str) -> bool:
    """Whether a dotted name is one of the standard library, or of the packages in the tables."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in _LIBRARIES


class Module:
    """A Python file: its tree, its scopes and its names, made on first use."""

    def __init__(self, file: SourceFile, name: str) -> None:
        self.file = file
        self.path = file.path
        self.name = name
        self.error: SourceError | None = None

    @property
    def is_package(self) -> bool:
        """Whether this is an ``__init__.py``."""
        return self.path.rpartition("/")[2] == "__init__.py"

    @property
    def folder(self) -> str:
        """The folder of the file, "" at the root."""
        return self.path.rpartition("/")[0]

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Every word of the text: a cheap answer to what the module cannot possibly hold."""
        return frozenset(_IDENTIFIER.findall(self.file.text))

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the source, as ``ast`` counts them."""
        return self.file.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; an empty one, with ``error`` set, where it can't be parsed."""
        known = _TREES.get(self.file)
        if known is not None:
            return known
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = _TREES[self.file] = ast.parse(self.file.text)
                return tree
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            message = getattr(error, "msg", None) or type(error).__name__
            self.error = SourceError(self.path, f"cannot be parsed ({message})", line)
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def syntax(self) -> Syntax:
        """Scopes, bindings and references."""
        return Reader(self, self.tree).syntax

    @property
    def scope(self) -> Scope:
        """The scope of the module."""
        return self.syntax.scope

    @property
    def functions(self) -> dict[ast.AST, Function]:
        """The functions by their definition."""
        return self.syntax.functions

    @property
    def classes(self) -> dict[ast.AST, Class]:
        """The classes by their definition."""
        return self.syntax.classes

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node around ``node``."""
        return self.syntax.parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, innermost first."""
        parents = self.syntax.parents
        current = parents.get(node)
        while current is not None:
            yield current
            current = parents.get(current)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that holds ``node``."""
        if isinstance(node, ast.stmt):
            return node
        return next(parent for parent in self.ancestors(node) if isinstance(parent, ast.stmt))

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope in which an expression or statement is evaluated."""
        known = self.syntax.scopes.get(node)
        if known is not None:
            return known
        child: ast.AST = node
        for parent in self.ancestors(node):
            if parent in self.syntax.functions:
                function = self.syntax.functions[parent]
                if any(child is statement for statement in function.definition.body):
                    return function
            elif parent in self.syntax.classes:
                klass = self.syntax.classes[parent]
                if any(child is statement for statement in klass.definition.body):
                    return klass
            elif parent in self.syntax.scopes:
                return self.syntax.scopes[parent]
            child = parent
        return self.syntax.scope

    def function_of(self, node: ast.AST) -> Function | None:
        """The innermost function whose body runs ``node`` (comprehensions are looked through)."""
        scope: Scope | None = self.scope_of(node)
        while scope is not None and not isinstance(scope, Function):
            if isinstance(scope.node, ast.Lambda | ast.Module):
                return None
            scope = scope.parent
        return scope

    def function_around(self, node: ast.AST) -> Function | None:
        """The innermost function in which ``node`` stands, also where a lambda runs it."""
        scope: Scope | None = self.scope_of(node)
        while scope is not None and not isinstance(scope, Function):
            scope = scope.parent
        return scope

    def key(self, node: ast.AST) -> NodeKey:
        """The address of a node for an edit."""
        assert isinstance(node, ast.stmt | ast.expr | ast.arg | ast.keyword | ast.alias)
        return key_of(node, self.lines)

    def source(self, node: ast.AST) -> str:
        """The text of an expression, a statement or a parameter, as it stands in the file."""
        assert isinstance(node, ast.expr | ast.stmt | ast.arg)
        if node.end_lineno is None or node.end_col_offset is None:
            return ast.unparse(node)
        first, last = node.lineno - 1, node.end_lineno - 1
        start = _characters(self.lines[first], node.col_offset)
        end = _characters(self.lines[last], node.end_col_offset)
        if first == last:
            return self.lines[first][start:end]
        middle = self.lines[first + 1 : last]
        return "\n".join([self.lines[first][start:], *middle, self.lines[last][:end]])

    def __repr__(self) -> str:
        return f"Module({self.path})"


class Modules:
    """All modules of a code base, and where an import leads."""

    def __init__(self, codebase: CodeBase, reuse: Modules | None = None) -> None:
        self.codebase = codebase
        self._paths = {file.path for file in codebase.python_files}
        self._by_path: dict[str, Module] = {}
        for file in codebase.python_files:
            old = reuse._by_path.get(file.path) if reuse else None
            module = Module(file, self.name_of(file.path))
            if old is not None and old.file.text == file.text:
                # The text is the same: so are its words and, where it was parsed, its tree.
                # Scopes are made anew, since they point at other modules' classes.
                for name in ("identifiers", "lines", "tree"):
                    if name in old.__dict__:
                        module.__dict__[name] = old.__dict__[name]
                module.error = old.error
            self._by_path[file.path] = module
        self._resolved: dict[tuple[str, str], Module | None] = {}
        self._suffixes: dict[str, list[str]] | None = None

    def __iter__(self) -> Iterator[Module]:
        return iter(self._by_path.values())

    def __getitem__(self, path: str) -> Module:
        return self._by_path[path]

    def get(self, path: str) -> Module | None:
        """The module at ``path``."""
        return self._by_path.get(path)

    def mentioning(self, names: Iterable[str]) -> list[Module]:
        """The modules in whose text one of the words stands, in the order of their paths."""
        found: dict[Module, None] = {}
        words = [name for name in names if name in self._index]
        for word in words:
            found.update(dict.fromkeys(self._index[word]))
        return sorted(found, key=lambda m: m.path) if len(words) > 1 else list(found)

    @cached_property
    def _index(self) -> dict[str, list[Module]]:
        """The modules by the words of their text."""
        index: dict[str, list[Module]] = {}
        for module in self:
            for word in module.identifiers:
                index.setdefault(word, []).append(module)
        return index

    def name_of(self, path: str) -> str:
        """The dotted name from the topmost package on.

        A folder without ``__init__.py`` inside a package belongs to that package.
        """
        parts = path.removesuffix(".py").split("/")
        first = last = len(parts) - 1
        for length in range(last, 0, -1):
            if "/".join([*parts[:length], "__init__.py"]) in self._paths:
                first = length - 1
            elif first < last:
                break
        names = parts[first:]
        if names[-1] == "__init__":
            names = names[:-1] or parts[-2:-1]
        return ".".join(names) or "__init__"

    def resolve(self, importer: Module, name: str, level: int = 0) -> Module | None:
        """The module that ``import name`` (with ``level`` leading dots) means in ``importer``."""
        if level:
            folder = importer.folder.split("/") if importer.folder else []
            if level - 1 > len(folder):
                return None
            base = folder[: len(folder) - (level - 1)]
            return self._at("/".join([*base, *(name.split(".") if name else [])]))
        key = (importer.folder, name)
        if key not in self._resolved:
            self._resolved[key] = self._absolute(importer.folder, name)
        return self._resolved[key]

    def named(self, folder: str, name: str) -> Module | None:
        """The module that a file in ``folder`` means by its full dotted name."""
        return self._absolute(folder, name)

    def _absolute(self, folder: str, name: str) -> Module | None:
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None
        tail = name.replace(".", "/")
        if name.partition(".")[0] in _LIBRARIES:
            # A module of the same name is meant by nobody but those who say where it stands.
            return self._at(tail)
        roots = []
        parts = folder.split("/") if folder else []
        for length in range(len(parts), -1, -1):
            root = "/".join(parts[:length])
            # The top of the tree can hold an __init__.py and still be where programs are started.
            if not root or f"{root}/__init__.py" not in self._paths:
                roots.append(root)
        for root in roots:
            for base in (root, f"{root}/src" if root else "src"):
                if found := self._at(f"{base}/{tail}" if base else tail):
                    return found
        head, _, rest = tail.partition("/")
        if head in self._own_names and (found := self._at(rest)):
            return found
        # A script run from within a package sees its own folder first on the path.
        if folder not in roots and (found := self._at(f"{folder}/{tail}")):
            return found
        return self._by_suffix(folder, tail)

    @cached_property
    def _own_names(self) -> frozenset[str]:
        """What a code base calls itself whose top folder is the package.

        The name of that folder, and a name under which every import finds something in it.
        """
        if "__init__.py" not in self._paths:
            return frozenset()
        imported: dict[str, set[str]] = defaultdict(set)
        for module in self:
            for head, rest in _IMPORTED.findall(module.file.text):
                imported[head].add(rest.replace(".", "/"))
        names = {
            head
            for head, tails in imported.items()
            if head not in _LIBRARIES
            and head not in sys.stdlib_module_names
            and self._at(head) is None
            and all(self._at(tail) or self._is_folder(tail) for tail in tails)
        }
        return frozenset(names | {self.codebase.root.name})

    def _is_folder(self, stem: str) -> bool:
        return any(path.startswith(f"{stem}/") for path in self._paths)

    def _at(self, stem: str) -> Module | None:
        return self._by_path.get(f"{stem}.py") or self._by_path.get(
            f"{stem}/__init__.py" if stem else "__init__.py"
        )

    def _by_suffix(self, folder: str, tail: str) -> Module | None:
        """A module elsewhere in the tree whose path ends like the import, if there is just one."""
        if self._suffixes is None:
            self._suffixes = defaultdict(list)
            for path in self._by_path:
                stem = path.removesuffix(".py").removesuffix("/__init__")
                self._suffixes[stem.rpartition("/")[2]].append(stem)
        if "/" not in tail:
            return None
        stems = [s for s in self._suffixes[tail.rpartition("/")[2]] if s.endswith("/" + tail)]
        return self._at(stems[0]) if len(stems) == 1 else None


def _characters(line: str, offset: int) -> int:
    """A column in characters, from one in UTF-8 bytes."""
    return offset if line.isascii() else len(line.encode()[:offset].decode(errors="replace"))
