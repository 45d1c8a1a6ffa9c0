"""Edits applied to files: from the plan's data to new texts."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor

import libcst as cst

from codemods.edits.actions import Action, FileEdits, Import
from codemods.edits.editor import Editor
from codemods.edits.errors import EditError
from codemods.edits.import_blocks import bound_name
from codemods.edits.import_drops import reexports, without_unused
from codemods.edits.imports import with_additions
from codemods.edits.layout import Layout
from codemods.edits.lengths import DEFAULT_LINE_LENGTH, LineLengths
from codemods.edits.locate import Located, finish, locate
from codemods.source import CodeBase, SourceFile

#: So many files are edited in this process; for more, others are started.
FEW_FILES = 8


def edit_source(
    file: SourceFile,
    edits: FileEdits,
    *,
    line_length: int | None = None,
    first_party: frozenset[str] = frozenset(),
) -> str:
    """The text of ``file`` after ``edits``.

    ``first_party`` are the packages of the application, whose imports stand apart. Raises
    ``EditError`` where an edit does not fit the file.
    """
    try:
        module = cst.parse_module(file.text)
        text = _edited(file, module, edits, line_length or DEFAULT_LINE_LENGTH, first_party)
    except cst.ParserSyntaxError as error:
        raise EditError(file.path, "cannot be parsed") from error
    except RecursionError as error:
        raise EditError(file.path, "is nested too deeply") from error
    verify(file, text)
    return text


def _edited(
    file: SourceFile,
    module: cst.Module,
    edits: FileEdits,
    line_length: int,
    first_party: frozenset[str],
) -> str:
    found, code = locate(module, {edit.key for edit in edits.edits})
    if code != file.text:
        raise EditError(file.path, "cannot be written back as it is")
    actions = _actions(file.path, edits, found)
    layout = Layout(module, line_length)
    edited = Editor(file, found, actions, layout).edited(module)
    edited = _imported(file, edits, edited, found, layout, first_party)
    if not file.text and edited.body:
        edited = edited.with_changes(has_trailing_newline=True)
    return _rendered(edited, found)


def _actions(path: str, edits: FileEdits, found: Located) -> dict[int, list[Action]]:
    nodes = {key: identity for identity, key in found.keys.items()}
    actions: dict[int, list[Action]] = {}
    for edit in edits.edits:
        if edit.key not in nodes:
            raise EditError(path, "there is no such node", edit.key)
        actions.setdefault(nodes[edit.key], []).append(edit.action)
    return actions


def _imported(
    file: SourceFile,
    edits: FileEdits,
    module: cst.Module,
    found: Located,
    layout: Layout,
    first_party: frozenset[str],
) -> cst.Module:
    """``module`` after the edits of its imports."""
    module = with_additions(file.path, module, edits, layout, first_party)
    drops = edits.drop_imports
    if edits != _NO_EDITS and "TYPE_CHECKING:" in file.text:
        drops = (*drops, Import("typing", "TYPE_CHECKING"))
    if not drops:
        return module
    return without_unused(
        module,
        drops,
        [bound_name(one) for one in edits.add_imports],
        lambda node: found.codes.get(id(node)) or module.code_for_node(node),
        reexports(file.path, file.text, edits.drop_imports),
    )


def _rendered(module: cst.Module, found: Located) -> str:
    parts = [module.code_for_node(line) for line in module.header]
    parts += [
        found.codes.get(id(statement)) or module.code_for_node(statement)
        for statement in module.body
    ]
    parts += [module.code_for_node(line) for line in module.footer]
    return finish(module, "".join(parts))


def verify(file: SourceFile, text: str) -> None:
    """Raise ``EditError`` where ``text`` is not Python any more.

    LibCST judges files whose grammar is newer than that of the running Python.
    """
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        if _parses(file.text):
            raise EditError(file.path, f"the edited file does not parse ({error})") from error
        try:
            cst.parse_module(text)
        except cst.ParserSyntaxError as problem:
            raise EditError(file.path, "the edited file does not parse") from problem


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def require_compiled(codebase: CodeBase, texts: Mapping[str, str]) -> None:
    """Raise ``EditError`` where a text can't be compiled any more.

    An ``await`` in a lambda is an error that the grammar alone does not show.
    """
    for path, text in texts.items():
        if not path.endswith(".py"):
            continue
        problem = _uncompiled(path, text)
        known = codebase.files.get(path)
        if problem is not None and (known is None or _uncompiled(path, known.text) is None):
            raise EditError(path, f"the edited file does not compile ({problem})") from problem


def _uncompiled(path: str, text: str) -> Exception | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        return error
    return None


def edit_files(codebase: CodeBase, edits: Mapping[str, FileEdits], jobs: int = 0) -> dict[str, str]:
    """The new texts of the files that ``edits`` change, by path.

    ``jobs`` is the number of processes; 0 stands for one per processor.
    """
    lengths = LineLengths(codebase)
    packages = top_level_packages(codebase)
    tasks = []
    for path, change in edits.items():
        if path not in codebase:
            raise EditError(path, "there is no such file")
        if change != _NO_EDITS:
            tasks.append((codebase[path], change, lengths.of(path), packages))
    workers = min(jobs or os.cpu_count() or 1, len(tasks))
    if workers > 1 and len(tasks) > FEW_FILES:
        with ProcessPoolExecutor(workers) as pool:
            chunk = max(1, len(tasks) // (workers * 4))
            texts = list(pool.map(_task, tasks, chunksize=chunk))
    else:
        texts = [_task(task) for task in tasks]
    return {
        file.path: text for (file, *_), text in zip(tasks, texts, strict=True) if text != file.text
    }


_NO_EDITS = FileEdits()


def _task(task: tuple[SourceFile, FileEdits, int, frozenset[str]]) -> str:
    file, edits, line_length, packages = task
    return edit_source(file, edits, line_length=line_length, first_party=packages)


def top_level_packages(codebase: CodeBase) -> frozenset[str]:
    """The packages and modules of the code base that are imported by their bare name."""
    paths = [file.path for file in codebase.python_files]
    packages = {path.removesuffix("/__init__.py") for path in paths if path.endswith("__init__.py")}
    found = set()
    for path in paths:
        parent, _, name = path.rpartition("/")
        if parent not in packages:
            found.add(name.removesuffix(".py"))
            found.add(parent.rpartition("/")[2])
        elif parent.rpartition("/")[0] not in packages:
            found.add(parent.rpartition("/")[2])
    return frozenset(found - {""})
