"""The part of a repository that has to do with a path: what it imports, and what imports it.

A repository can hold several applications. The one that is migrated is read whole, with its
callers and its tests wherever they stand; the others are no business of the run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from codemods.facts.modules import Module, Modules
from codemods.source import CodeBase


def connected(codebase: CodeBase) -> CodeBase:
    """The code base without the modules that nothing ties to the part that may be edited."""
    if not codebase.target:
        return codebase
    modules = Modules(codebase)
    links: dict[Module, set[Module]] = {}
    for module in modules:
        for other in imported(module, modules):
            links.setdefault(module, set()).add(other)
            links.setdefault(other, set()).add(module)
    waiting = [module for module in modules if codebase.editable(module.path)]
    kept: set[Module] = set()
    while waiting:
        module = waiting.pop()
        if module not in kept:
            kept.add(module)
            waiting.extend(links.get(module, ()))
            waiting.extend(_configured(module, modules))
    paths = {module.path for module in kept}
    files = {
        path: file for path, file in codebase.files.items() if not file.is_python or path in paths
    }
    return replace(codebase, files=files)


def imported(module: Module, modules: Modules, *, late: bool = True) -> Iterator[Module]:
    """The modules of the code base that a module imports; ``late``: also when a function runs."""
    for node in _statements(module.tree, late=late):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (target := modules.resolve(module, alias.name)) is not None:
                    yield target
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            names = [source, *(f"{source}.{a.name}".lstrip(".") for a in node.names)]
            for name in names:
                if (target := modules.resolve(module, name, node.level)) is not None:
                    yield target


def leads_to(start: Module, end: Module, modules: Modules) -> bool:
    """Whether importing ``start`` imports ``end`` on the way: ``end`` can't import it as well."""
    waiting, seen = [start], {start}
    while waiting:
        for other in imported(waiting.pop(), modules, late=False):
            if other is end:
                return True
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return False


def _statements(tree: ast.Module, *, late: bool) -> Iterator[ast.AST]:
    """All statements, at any depth: imports stand in no expression.

    Without ``late`` they are those that are run when the module is imported.
    """
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not late and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not late and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting.extend(getattr(node, name, ()))


def _configured(module: Module, modules: Modules) -> Iterator[Module]:
    """The ``conftest.py`` files that pytest reads for a module, which nothing imports."""
    parts = module.folder.split("/") if module.folder else []
    for length in range(len(parts) + 1):
        found = modules.get("/".join([*parts[:length], "conftest.py"]))
        if found is not None:
            yield found
