"""The dotted names by which one module of a code base imports another.

A module's own name does not tell: where folders have no ``__init__.py``, it depends on the folder
in which programs are started. So it is read from the imports that are there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemods.facts.modules import Module

if TYPE_CHECKING:
    from codemods.facts import Program


def spelling(program: Program, importer: Module, folder: str, stem: str) -> str | None:
    """The name by which ``importer`` can import the file ``stem`` in a folder, there or not yet.

    None where that is not known.
    """
    roots = set()
    for name, target in _imported(importer, program):
        if target.folder == folder and not name.endswith("."):
            package = name if target.is_package else name.rpartition(".")[0]
            dots = "." * (len(name) - len(name.lstrip(".")))
            if not target.is_package and not package.strip("."):
                return f"{dots}{stem}"
            return f"{package}.{stem}"
        if target.folder == folder:
            return f"{name}{stem}"
        roots |= _roots(name, target)
    if importer.folder == folder == "":
        return stem
    if found := _from_root(roots, folder, stem) or _as_others(program, folder, stem):
        return found
    is_package = f"{folder}/__init__.py" in program.codebase.files
    return f".{stem}" if importer.folder == folder and is_package else None


def _as_others(program: Program, folder: str, stem: str) -> str | None:
    """By the ways in which the other modules of the program are imported."""
    roots: set[str] = set()
    for other in program.modules.mentioning((folder.rpartition("/")[2],)):
        for name, target in _imported(other, program):
            roots |= _roots(name, target)
    return _from_root(roots, folder, stem)


def _from_root(roots: set[str], folder: str, stem: str) -> str | None:
    """The absolute name, seen from the one folder that imports start in."""
    fitting = {root for root in roots if f"{folder}/".startswith(f"{root}/" if root else "")}
    if len(fitting) != 1:
        return None
    inner = folder.removeprefix(fitting.pop()).strip("/")
    return ".".join([*filter(None, inner.split("/")), stem])


def _imported(module: Module, program: Program) -> Iterator[tuple[str, Module]]:
    """The imports of modules of the code base, with the dots of relative ones."""
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.ImportFrom):
            target = program.modules.resolve(module, statement.module or "", statement.level)
            if target is not None:
                yield "." * statement.level + (statement.module or ""), target
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                target = program.modules.resolve(module, alias.name, 0)
                if target is not None:
                    yield alias.name, target


def _roots(name: str, target: Module) -> set[str]:
    """The folder that an absolute import starts in."""
    if name.startswith("."):
        return set()
    stem = target.path.removesuffix(".py").removesuffix("/__init__")
    tail = name.replace(".", "/")
    if stem != tail and not stem.endswith("/" + tail):
        return set()
    return {stem[: len(stem) - len(tail)].rstrip("/")}
