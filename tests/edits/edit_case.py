"""Helpers: edits of nodes that are named by their source."""

from __future__ import annotations

import ast
from textwrap import dedent

from codemods.edits import Action, Edit, FileEdits, NodeKey, key_of, source_lines
from codemods.edits.apply import edit_source
from codemods.source import SourceFile

Node = ast.stmt | ast.expr | ast.arg | ast.keyword | ast.alias
Target = tuple[str, Action]


def key(source: str, wanted: str) -> NodeKey:
    """The key of the only (or first) node whose source is ``wanted``.

    Its first line is enough; an expression statement needs ``Expr:``, and ``Kind:`` asks
    for a class of ``ast``.
    """
    kind, _, rest = wanted.partition(":")
    wanted, kind = (rest, kind) if kind.isidentifier() and hasattr(ast, kind) else (wanted, "")
    found: list[NodeKey] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, Node) or type(node).__name__ != (kind or type(node).__name__):
            continue
        if isinstance(node, ast.Expr) and not kind:
            continue
        text = ast.get_source_segment(source, node) or ""
        if text == wanted:
            return key_of(node, source_lines(source))
        if text.partition("\n")[0] == wanted:
            found.append(key_of(node, source_lines(source)))
    assert found, f"no node {wanted!r}"
    return found[0]


def edited(
    source: str, *targets: Target, line_length: int | None = None, path: str = "app/a.py"
) -> str:
    """``source`` (dedented) after actions on nodes that are named by their source."""
    source = clean(source)
    edits = tuple(Edit(key(source, wanted), action) for wanted, action in targets)
    file = SourceFile(path, source)
    return edit_source(file, FileEdits(edits), line_length=line_length)


def clean(source: str) -> str:
    """A triple-quoted source without its indentation and its first line end."""
    return dedent(source).removeprefix("\n") if source.startswith("\n ") else source


def check(before: str, after: str, *targets: Target, line_length: int | None = None) -> None:
    """The edits of ``before`` give ``after``."""
    assert edited(before, *targets, line_length=line_length) == clean(after)
