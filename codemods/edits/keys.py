"""The address of a node, the same whether ``ast`` or LibCST computed it."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import libcst as cst

#: ``ast`` classes whose LibCST class has another name. Literals have one kind, whatever they hold:
#: LibCST tells numbers from strings, and strings from strings in several parts.
_AST_KINDS: dict[str, str] = {
    "AsyncFunctionDef": "FunctionDef",
    "AsyncFor": "For",
    "AsyncWith": "With",
    "BinOp": "BinaryOperation",
    "BoolOp": "BooleanOperation",
    "Compare": "Comparison",
    "Delete": "Del",
    "UnaryOp": "UnaryOperation",
    "JoinedStr": "Constant",
    "Starred": "StarredElement",
    "TemplateStr": "Constant",
    "YieldFrom": "Yield",
    "arg": "Param",
    "keyword": "Arg",
    "alias": "ImportAlias",
}

#: LibCST classes whose key has another kind than their name.
_LIBCST_KINDS: dict[type[cst.CSTNode], str] = {
    cst.ConcatenatedString: "Constant",
    cst.Ellipsis: "Constant",
    cst.Float: "Constant",
    cst.FormattedString: "Constant",
    cst.Imaginary: "Constant",
    cst.Integer: "Constant",
    cst.SimpleString: "Constant",
    cst.TemplatedString: "Constant",
}

_NAMED_CONSTANTS = frozenset({"True", "False", "None"})

#: Nodes addressed by their start alone: their end is counted differently by the two trees.
OPEN_ENDED = frozenset(
    {
        "ClassDef",
        "For",
        "FunctionDef",
        "If",
        "Match",
        "Module",
        "Param",
        "Try",
        "TryStar",
        "While",
        "With",
    }
)

_LINE_END = re.compile(r"\r\n|\r|\n")


class NodeKey(NamedTuple):
    """A node by its LibCST class and its place: lines from 1, columns from 0 in characters.

    ``end_line`` and ``end_column`` are 0 for the classes in ``OPEN_ENDED``. Parentheses around an
    expression do not belong to it, but for tuples and generator expressions, as in ``ast``.
    Literals of any class (and ``True``, ``False``, ``None`` and ``...``) have the kind
    ``Constant``. A parameter stands where its name stands.
    """

    kind: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0


def source_lines(text: str) -> list[str]:
    """The lines of a module as Python counts them, without their ends.

    ``str.splitlines`` would also split at form feeds and at Unicode's line separators.
    """
    return _LINE_END.split(text)


def key_of(
    node: ast.stmt | ast.expr | ast.arg | ast.keyword | ast.alias, lines: list[str]
) -> NodeKey:
    """The key of an ``ast`` node; ``lines`` are those of ``source_lines``.

    They are needed to turn bytes into characters. A ``stmt`` that is simple (expression
    statement, assignment, import, return) has the key of the small statement, e.g.
    ``("Expr", ...)``.
    """
    name = type(node).__name__
    kind = _AST_KINDS.get(name, name)
    line, column = node.lineno, _characters(lines, node.lineno, node.col_offset)
    if kind in OPEN_ENDED:
        return NodeKey(kind, line, column)
    end_line = node.end_lineno or node.lineno
    end_column = _characters(lines, end_line, node.end_col_offset or 0)
    return NodeKey(kind, line, column, end_line, end_column)


def kind_of(node: cst.CSTNode) -> str:
    """The kind that the key of a LibCST node has."""
    if isinstance(node, cst.Name) and node.value in _NAMED_CONSTANTS:
        return "Constant"
    return _LIBCST_KINDS.get(type(node)) or type(node).__name__


def _characters(lines: list[str], line: int, offset: int) -> int:
    text = lines[line - 1] if line <= len(lines) else ""
    if text.isascii():
        return offset
    return len(text.encode("utf-8")[:offset].decode("utf-8", "replace"))
