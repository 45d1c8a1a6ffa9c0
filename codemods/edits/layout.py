"""The layout of statements that an edit changed, as black would do it, one statement at a time."""

from __future__ import annotations

import ast
import io
import tokenize
from functools import lru_cache

import libcst as cst

from codemods.edits.comments import lost
from codemods.edits.templates import leading_lines, with_leading_lines

#: What an indentation by a tab counts as, as for ruff.
TAB_WIDTH = 4

Compound = cst.ClassDef | cst.For | cst.FunctionDef | cst.If | cst.While | cst.With


class Layout:
    """Lays out statements of one module."""

    def __init__(self, module: cst.Module, line_length: int) -> None:
        self.line_length = line_length
        self.config = module.config_for_parsing
        #: Renders nodes without the module around them, with line ends that black keeps.
        self.renderer = cst.Module(
            body=(), default_indent=module.default_indent, default_newline="\n"
        )

    def line(
        self, before: cst.CSTNode | None, after: cst.SimpleStatementLine, indent: str
    ) -> cst.SimpleStatementLine:
        """A line of simple statements that an edit changed."""
        old = self._code(before) if before else ""
        new = self._code(after.with_changes(leading_lines=()))
        laid_out = self._laid_out(old, new, indent)
        if laid_out is None:
            return after
        statement = self._parsed(laid_out)
        if not isinstance(statement, cst.SimpleStatementLine):
            return after
        return statement.with_changes(leading_lines=after.leading_lines)

    def header(self, before: cst.CSTNode | None, after: Compound, indent: str) -> Compound:
        """The header of a compound statement that an edit changed."""
        old = self._code(_head(before)) if isinstance(before, Compound) else ""
        new = self._code(_head(after))
        laid_out = self._laid_out(old, new, indent)
        statement = self._parsed(laid_out) if laid_out is not None else None
        if not isinstance(statement, type(after)):
            return after
        changes: dict[str, object] = {"leading_lines": after.leading_lines}
        if isinstance(after.body, cst.IndentedBlock):
            changes["body"] = after.body
            if isinstance(statement.body, cst.IndentedBlock):
                header = statement.body.header
                changes["body"] = after.body.with_changes(header=header)
        if not isinstance(after, (cst.FunctionDef, cst.ClassDef, cst.With)):
            changes["orelse"] = after.orelse
        if isinstance(after, (cst.FunctionDef, cst.ClassDef)):
            changes["decorators"] = after.decorators
            changes["lines_after_decorators"] = after.lines_after_decorators
        return statement.with_changes(**changes)

    def decorator(
        self, before: cst.Decorator | None, after: cst.Decorator, indent: str
    ) -> cst.Decorator:
        """A decorator that an edit changed."""
        old = self._code(_under(before)) if before else ""
        laid_out = self._laid_out(old, self._code(_under(after)), indent)
        statement = self._parsed(laid_out) if laid_out is not None else None
        if isinstance(statement, cst.FunctionDef) and len(statement.decorators) == 1:
            return statement.decorators[0].with_changes(leading_lines=after.leading_lines)
        return after

    def _code(self, node: cst.CSTNode) -> str:
        return self.renderer.code_for_node(node)

    def _parsed(self, code: str) -> cst.CSTNode:
        return cst.parse_statement(code, self.config)

    def _laid_out(self, old: str, new: str, indent: str) -> str | None:
        """``new`` in black's layout, or None where it can stay (or has to)."""
        width = self.line_length - len(indent.replace("\t", " " * TAB_WIDTH))
        old, new = old.strip("\n") + "\n", new.strip("\n") + "\n"
        if old == new or not _needs_layout(old, new, width):
            return None
        return _formatted(new, max(width, 1))


def _needs_layout(old: str, new: str, width: int) -> bool:
    if _longest(new) > width and _longest(old) <= width:
        return True
    if new.count("\n") == 1:
        return False
    return old.count("\n") == 1 or old == _formatted(old, width) or _moved(old, new)


def _moved(old: str, new: str) -> bool:
    """Whether lines of a statement no longer are what they were, up to names in them."""
    return old.count("\n") != new.count("\n")


def _longest(code: str) -> int:
    """The length of the longest line, but of those within strings."""
    lines = code.split("\n")
    for start, end in _string_lines(code):
        lines[start:end] = [""] * (end - start)
    return max(map(len, lines))


def _string_lines(code: str) -> list[tuple[int, int]]:
    """The lines (from 0) that begin within a string, as ranges."""
    if '"""' not in code and "'''" not in code:
        return []
    try:
        return [
            (token.start[0], token.end[0])
            for token in tokenize.generate_tokens(io.StringIO(code).readline)
            if token.start[0] != token.end[0]
        ]
    except (tokenize.TokenError, SyntaxError):
        return []


@lru_cache(maxsize=4096)
def _formatted(code: str, width: int) -> str | None:
    """What black makes of a statement; None where it fails, or would change its meaning."""
    import black  # slow to import, and most runs never come here

    mode = black.Mode(line_length=width, string_normalization=False)
    try:
        formatted = black.format_str(code, mode=mode)
        if ast.dump(ast.parse(formatted)) != ast.dump(ast.parse(code)):
            return None
    except (SyntaxError, ValueError, AssertionError, RecursionError):
        return None
    return formatted


def _head(node: Compound) -> cst.CSTNode:
    """A compound statement with nothing but its header."""
    changes: dict[str, object] = {"leading_lines": ()}
    if isinstance(node.body, cst.IndentedBlock):
        changes["body"] = cst.IndentedBlock([_PASS], header=node.body.header)
    if not isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.With)):
        changes["orelse"] = None
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        changes["decorators"] = ()
        changes["lines_after_decorators"] = ()
    return node.with_changes(**changes)


_PASS = cst.SimpleStatementLine([cst.Pass()])


def _under(decorator: cst.Decorator) -> cst.CSTNode:
    function = cst.FunctionDef(
        name=cst.Name("f"),
        params=cst.Parameters(),
        body=cst.IndentedBlock([_PASS]),
        decorators=[decorator.with_changes(leading_lines=())],
    )
    return function


def with_lost_comments(
    before: list[cst.CSTNode], after: list[cst.BaseStatement]
) -> list[cst.BaseStatement]:
    """``after`` with the comments above it that are in ``before`` and no longer in it."""
    lines = lost(before, after)
    if not lines or not after:
        return after
    first = with_leading_lines(after[0], [*leading_lines(after[0]), *lines])
    return [first, *after[1:]]
