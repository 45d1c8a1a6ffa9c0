"""Modules that a pass writes into the application, and how other modules import them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.plan.draft import Draft

#: A string in double quotes that can stand in single ones; no docstring.
_PLAIN_STRING = re.compile(r"""(?<!")"([^"'\\\n]*)"(?!")""")


@dataclass(frozen=True)
class Generated:
    """A module for the application: its path, its text, and whether it is there already."""

    path: str
    text: str
    exists: bool = False


def find_generated(program: Program, text: str) -> Module | None:
    """The module of the application that an earlier run made from ``text``.

    It is known by its first line, its docstring: a person may have changed what follows.
    """
    title = text.partition("\n")[0]
    for module in program.modules:
        if module.lines[0] == title:
            return module
    return None


def generated(program: Program, near: Module, names: Sequence[str], text: str) -> Generated | None:
    """A place for ``text`` beside ``near``, under the first of ``names`` that is free."""
    known = find_generated(program, text)
    if known is not None:
        return Generated(known.path, known.file.text, exists=True)
    for name in names:
        path = f"{near.folder}/{name}.py" if near.folder else f"{name}.py"
        package = f"{path.removesuffix('.py')}/__init__.py"
        if path not in program.codebase and package not in program.codebase:
            return Generated(path, text)
    return None


def import_object(program: Program, draft: Draft, module: Module, path: str, name: str) -> str:
    """Import ``name`` of the module at ``path``; gives what it is called in ``module``."""
    source = import_name(program, module, path)
    taken = any(_binds(node, name) for node in ast.walk(module.tree))
    names = [f"application_{name}", f"{path.removesuffix('.py').rpartition('/')[2]}_{name}"]
    if not taken or _imports(program, module, path, name):
        names.insert(0, name)
    free = next((n for n in names if not draft.means_another(module, source, name, n)), names[-1])
    return draft.add_import(module, source, name, free if free != name else "")


def _binds(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=found) | ast.arg(arg=found):
            return found == name
        case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found):
            return found == name
        case ast.ClassDef(name=found):
            return found == name
        case ast.alias(name=imported, asname=alias):
            return (alias or imported.partition(".")[0]) == name
    return False


def _imports(program: Program, module: Module, path: str, name: str) -> bool:
    """Whether ``module`` has that very object by its own name already, and nothing else of it."""
    bindings = module.scope.bindings.get(name, [])
    if len(bindings) != 1 or bindings[0].kind != "from":
        return False
    statement = module.parent(bindings[0].node)
    if not isinstance(statement, ast.ImportFrom):
        return False
    target = program.modules.resolve(module, statement.module or "", statement.level)
    return target is not None and target.path == path


def import_name(program: Program, module: Module, path: str) -> str:
    """How ``module`` imports the module at ``path``: as it imports others of its kind."""
    return import_name_from(program, module.path, [module], path)


def import_name_from(program: Program, importer: str, examples: Iterable[Module], path: str) -> str:
    """How a module at ``importer`` imports the one at ``path``, judged by ``examples``."""
    folder = importer.rpartition("/")[0]
    stem = path.removesuffix(".py").removesuffix("/__init__")
    examples = list(examples)
    beside = folder == stem.rpartition("/")[0]
    relative = _is_relative(program, examples, beside=beside)
    if relative and (found := _relative(program, folder, stem)):
        return found
    for module in [*examples, *_importers(program, stem)]:
        for root, package in _roots(program, module):
            if stem.startswith(root):
                return package + stem[len(root) :].replace("/", ".")
    return program.modules.name_of(path)


def _is_relative(program: Program, examples: Sequence[Module], *, beside: bool) -> bool:
    """Whether modules name others with dots: those ``beside`` them, or those of other folders."""
    levels = {
        statement.level
        for module in examples
        for statement in ast.walk(module.tree)
        if isinstance(statement, ast.ImportFrom)
    }
    if beside or max(levels, default=0) > 1:
        return any(levels)
    return any(levels) and not any(any(_imported(program, module)) for module in examples)


def _relative(program: Program, folder: str, stem: str) -> str:
    """The name with leading dots, where both modules stand in one package."""
    here = folder.split("/") if folder else []
    there = stem.split("/")
    common = 0
    while common < min(len(here), len(there) - 1) and here[common] == there[common]:
        common += 1
    levels = len(here) - common
    for length in range(common, len(here) + 1):
        if "/".join([*here[:length], "__init__.py"]) not in program.codebase:
            return ""
    return "." * (levels + 1) + ".".join(there[common:])


def _roots(program: Program, module: Module) -> Iterator[tuple[str, str]]:
    """The folders from which the absolute imports of a module count, and what stands before.

    That is the name of the package where its folder is the top of the code base.
    """
    for name in _absolute_imports(module):
        target = program.modules.resolve(module, name)
        if target is not None:
            stem = target.path.removesuffix(".py").removesuffix("/__init__")
            dotted = name.replace(".", "/")
            if stem == dotted or stem.endswith("/" + dotted):
                yield stem[: len(stem) - len(dotted)], ""
            elif dotted.endswith("/" + stem):
                yield "", name.removesuffix(stem.replace("/", "."))


def _absolute_imports(module: Module) -> Iterator[str]:
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)


def _importers(program: Program, stem: str) -> Iterator[Module]:
    """The modules that import something of the folder that a module stands in."""
    folder = stem.rpartition("/")[0]
    name = folder.rpartition("/")[2]
    for module in program.modules.mentioning([name]) if name else program.modules:
        if any(target.folder == folder for target in _imported(program, module)):
            yield module


def _imported(program: Program, module: Module) -> Iterator[Module]:
    for name in _absolute_imports(module):
        if (target := program.modules.resolve(module, name)) is not None:
            yield target


def in_quotes_of(module: Module, text: str) -> str:
    """Source text with the quotes that a module prefers; docstrings keep theirs."""
    own = module.file.text.replace('"""', "")
    if own.count('"') >= own.count("'"):
        return text
    return _PLAIN_STRING.sub(r"'\1'", text)
