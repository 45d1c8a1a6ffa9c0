"""The address of a node, the same whether ``ast`` or LibCST computed it."""

from __future__ import annotations

import ast
from typing import NamedTuple

#: ``ast`` classes whose LibCST class has another name.
_LIBCST_NAMES: dict[type[ast.AST], str] = {
    ast.AsyncFunctionDef: "FunctionDef",
    ast.AsyncFor: "For",
    ast.AsyncWith: "With",
    ast.GeneratorExp: "GeneratorExp",
    ast.BinOp: "BinaryOperation",
    ast.BoolOp: "BooleanOperation",
    ast.Compare: "Comparison",
    ast.UnaryOp: "UnaryOperation",
    ast.JoinedStr: "FormattedString",
    ast.YieldFrom: "Yield",
    ast.arg: "Param",
    ast.keyword: "Arg",
    ast.alias: "ImportAlias",
}

#: Nodes addressed by their start alone: their end is counted differently by the two trees.
OPEN_ENDED = frozenset({"FunctionDef", "ClassDef", "For", "While", "With", "If", "Try", "Module"})


class NodeKey(NamedTuple):
    """A node by its LibCST class and its place: lines from 1, columns from 0 in characters.

    ``end_line`` and ``end_column`` are 0 for the classes in ``OPEN_ENDED``. Parentheses around an
    expression do not belong to it.
    """

    kind: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0


def key_of(node: ast.stmt | ast.expr | ast.arg | ast.keyword | ast.alias, lines: list[str]) -> NodeKey:
    """The key of an ``ast`` node; ``lines`` are the source lines (to turn bytes into characters).

    A ``stmt`` that is simple (expression statement, assignment, import, return) has the key of the
    small statement, e.g. ``("Expr", ...)``.
    """
    kind = _LIBCST_NAMES.get(type(node), type(node).__name__)
    line, column = node.lineno, _characters(lines, node.lineno, node.col_offset)
    if kind in OPEN_ENDED:
        return NodeKey(kind, line, column)
    end_line = node.end_lineno or node.lineno
    end_column = _characters(lines, end_line, node.end_col_offset or 0)
    return NodeKey(kind, line, column, end_line, end_column)


def _characters(lines: list[str], line: int, offset: int) -> int:
    text = lines[line - 1] if line <= len(lines) else ""
    if text.isascii():
        return offset
    return len(text.encode("utf-8")[:offset].decode("utf-8", "replace"))
