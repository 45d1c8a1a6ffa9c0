"""What stands on which lines of a module: functions, compound statements and imports."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.edits.actions import (
    Action,
    AddDecorator,
    AddParameter,
    Edit,
    MakeAsync,
    MakeSync,
    RemoveDecorator,
    Rename,
    SetReturns,
    WrapRest,
)
from codemods.edits.keys import OPEN_ENDED

#: What changes no more of a compound statement than its head.
_OF_THE_HEAD: tuple[type[Action], ...] = (
    AddDecorator,
    AddParameter,
    MakeAsync,
    MakeSync,
    RemoveDecorator,
    Rename,
    SetReturns,
)


@dataclass(frozen=True)
class Outline:
    """The functions by their lines and qualified names, the others by their lines.

    ``compounds`` are by their first line: where they begin (with their decorators), where their
    head ends and where they end.
    """

    functions: tuple[tuple[range, str], ...] = ()
    compounds: tuple[tuple[int, tuple[int, int, int]], ...] = ()
    imports: tuple[tuple[range, frozenset[str]], ...] = ()

    def around(self, line: int) -> Iterator[tuple[range, str]]:
        """The functions around a line, innermost first."""
        found = [one for one in self.functions if line in one[0]]
        yield from sorted(found, key=lambda one: len(one[0]))

    def lines_of(self, edit: Edit) -> range:
        """The lines that an edit can change."""
        key = edit.key
        if key.kind not in OPEN_ENDED:
            return range(key.line, key.end_line + 1)
        known = dict(self.compounds).get(key.line)
        if known is None:
            return range(key.line, key.line + 1)
        start, head, end = known
        if isinstance(edit.action, WrapRest):
            end = max((lines.stop - 1 for lines, _ in self.around(key.line)), default=end)
        return range(start, (head if isinstance(edit.action, _OF_THE_HEAD) else end) + 1)


def outline(text: str) -> Outline:
    """The outline of a module; an empty one where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return Outline()
    functions, compounds, imports = [], [], []
    for node, name in _named(tree, ""):
        start = node.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            start = min([one.lineno for one in node.decorator_list] + [start])
        end = node.end_lineno or start
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append((range(start, end + 1), name))
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = frozenset(one.asname or one.name.partition(".")[0] for one in node.names)
            imports.append((range(start, end + 1), names))
        body = getattr(node, "body", None)
        if isinstance(body, list) and body:
            head = max(node.lineno, body[0].lineno - 1)
            compounds.append((node.lineno, (start, head, end)))
    return Outline(tuple(functions), tuple(compounds), tuple(imports))


def _named(node: ast.AST, name: str) -> Iterator[tuple[ast.stmt, str]]:
    """The statements below a node with the name of the function or class that they are."""
    for child in ast.iter_child_nodes(node):
        inner = name
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{name}.{child.name}" if name else child.name
        if isinstance(child, ast.stmt):
            yield child, inner
        yield from _named(child, inner)
