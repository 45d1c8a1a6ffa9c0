"""The layout of statements that an edit changed, as black would do it, one statement at a time."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

from codemods.edits.alignment import realigned
from codemods.edits.comments import lost
from codemods.edits.templates import body_hole

#: What an indentation by a tab counts as, as for ruff.
TAB_WIDTH = 4

Compound = cst.ClassDef | cst.For | cst.FunctionDef | cst.If | cst.While | cst.With


class Layout:
    """Lays out statements of one module."""

    def __init__(self, module: cst.Module, line_length: int) -> None:
        self.line_length = line_length
        self.default_indent = module.default_indent
        self.newline = module.default_newline
        self.config = module.config_for_parsing
        #: Renders nodes without the module around them.
        self.renderer = cst.Module(
            body=(), default_indent=module.default_indent, default_newline="\n"
        )

    def line(
        self,
        before: cst.CSTNode | None,
        after: cst.SimpleStatementLine,
        indent: str,
        rewritten: bool = True,
    ) -> cst.SimpleStatementLine:
        """A line of simple statements that an edit changed (or that is new: no ``before``).

        ``rewritten`` says whether a template made a part of it: that has no layout yet.
        """
        if len(after.body) > 1:
            return after  # black would give each statement a line of its own
        old = ""
        if isinstance(before, cst.SimpleStatementLine):
            old = self._code(before.with_changes(leading_lines=()))
        new = self._code(after.with_changes(leading_lines=()))
        statement = self._parsed(self._laid_out(old, new, indent, rewritten))
        if not isinstance(statement, cst.SimpleStatementLine):
            return after
        return statement.with_changes(leading_lines=after.leading_lines)

    def header(
        self,
        before: cst.CSTNode | None,
        after: Compound,
        indent: str,
        rewritten: bool = True,
    ) -> Compound:
        """The header of a compound statement that an edit changed."""
        old = self._code(_head(before)) if isinstance(before, Compound) else ""
        statement = self._parsed(self._laid_out(old, self._code(_head(after)), indent, rewritten))
        new = _with_header(after, statement) if isinstance(statement, type(after)) else after
        lines = lost([_bare(before)], [_bare(new)]) if isinstance(before, Compound) else []
        return new.with_changes(leading_lines=[*new.leading_lines, *lines]) if lines else new

    def decorator(
        self,
        before: cst.CSTNode | None,
        after: cst.Decorator,
        indent: str,
        rewritten: bool = True,
    ) -> cst.Decorator:
        """A decorator that an edit changed."""
        old = self._code(_under(before)) if isinstance(before, cst.Decorator) else ""
        statement = self._parsed(self._laid_out(old, self._code(_under(after)), indent, rewritten))
        if isinstance(statement, cst.FunctionDef) and len(statement.decorators) == 1:
            return statement.decorators[0].with_changes(leading_lines=after.leading_lines)
        return after

    def fits(self, node: cst.SimpleStatementLine | Compound, indent: str) -> bool:
        """Whether a statement (of a compound one, the header) fits into the line length."""
        plain = _head(node) if isinstance(node, Compound) else node.with_changes(leading_lines=())
        return _longest(self._code(plain)) <= self._width(indent)

    def _width(self, indent: str) -> int:
        return max(self.line_length - len(indent.replace("\t", " " * TAB_WIDTH)), 1)

    def _code(self, node: cst.CSTNode) -> str:
        code = self.renderer.code_for_node(node).replace("\r\n", "\n")
        return code.strip("\n") + "\n"

    def _parsed(self, code: str | None) -> cst.CSTNode | None:
        if code is None:
            return None
        try:
            return cst.parse_statement(code.replace("\n", self.newline), self.config)
        except cst.ParserSyntaxError:
            return None

    def _laid_out(self, old: str, new: str, indent: str, rewritten: bool) -> str | None:
        """``new`` in a good layout, or None where it can stay (or has to)."""
        if old == new or "\r" in new:
            return None
        width = self._width(indent)
        code = realigned(old, new)
        if self._is_due(old, code, width, rewritten):
            code = self._formatted(code, width) or code
        return code if code != new else None

    def _is_due(self, old: str, new: str, width: int, rewritten: bool) -> bool:
        if _longest(new) > width and (rewritten or _longest(old) <= width):
            return True
        if new.count("\n") == 1:
            return False
        return rewritten or old.count("\n") == 1 or old == self._formatted(old, width)

    def _formatted(self, code: str, width: int) -> str | None:
        formatted = _formatted(code, width)
        if formatted is None or self.default_indent == _BLACK_INDENT:
            return formatted
        lines = formatted.split("\n")
        inside = {row for start, end in _string_lines(formatted) for row in range(start, end)}
        return "\n".join(
            line if row in inside else self._reindented(line) for row, line in enumerate(lines)
        )

    def _reindented(self, line: str) -> str:
        code = line.lstrip(" ")
        levels, rest = divmod(len(line) - len(code), len(_BLACK_INDENT))
        return self.default_indent * levels + " " * rest + code


_BLACK_INDENT = "    "


def _longest(code: str) -> int:
    """The length of the longest line, but of those that begin within a string."""
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
    import black  # slow to import, and many files never need it

    mode = black.Mode(line_length=width, string_normalization=False)
    try:
        formatted = black.format_str(code, mode=mode)
        if ast.dump(ast.parse(formatted)) != ast.dump(ast.parse(code)):
            return None
    except (SyntaxError, ValueError, AssertionError, RecursionError):
        return None
    return formatted


_PASS = cst.SimpleStatementLine([cst.Pass()])


def _head(node: Compound) -> cst.CSTNode:
    """A compound statement with nothing but its header; a body in the same line belongs to it."""
    changes: dict[str, object] = {"leading_lines": ()}
    if isinstance(node.body, cst.IndentedBlock):
        changes["body"] = cst.IndentedBlock([_PASS], header=node.body.header)
    if isinstance(node, (cst.For, cst.If, cst.While)):
        changes["orelse"] = None
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        changes["decorators"] = ()
        changes["lines_after_decorators"] = ()
    return node.with_changes(**changes)


def _bare(node: Compound) -> cst.CSTNode:
    """A compound statement with nothing but its header, without what is in its line."""
    head = _head(node)
    one_line = isinstance(node.body, cst.SimpleStatementSuite)
    return head.with_changes(body=cst.IndentedBlock([_PASS])) if one_line else head


def _with_header(node: Compound, header: Compound) -> Compound:
    """``node`` with the header of another compound statement of its kind."""
    changes: dict[str, object] = {"leading_lines": node.leading_lines}
    if isinstance(node.body, cst.IndentedBlock) and isinstance(header.body, cst.IndentedBlock):
        changes["body"] = node.body.with_changes(header=header.body.header)
    if isinstance(node, (cst.For, cst.If, cst.While)):
        changes["orelse"] = node.orelse
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        changes["decorators"] = node.decorators
        changes["lines_after_decorators"] = node.lines_after_decorators
    return header.with_changes(**changes)


def _under(decorator: cst.Decorator) -> cst.CSTNode:
    """A function that has nothing but the decorator."""
    return cst.FunctionDef(
        name=cst.Name("f"),
        params=cst.Parameters(),
        body=cst.IndentedBlock([_PASS]),
        decorators=[decorator.with_changes(leading_lines=())],
    )


@dataclass(frozen=True)
class Spot:
    """The place of new statements: the indentation there, and what they replace."""

    layout: Layout
    indent: str
    before: cst.CSTNode | None = None

    def new(self, statements: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        """New statements, laid out."""
        return [_visited(one, _New(self.layout, self.indent, self.before)) for one in statements]

    def moved(
        self, statements: Sequence[cst.BaseStatement], old: str, new: str
    ) -> list[cst.BaseStatement]:
        """Statements that go from one indentation below this one to another.

        Those that no longer fit into the line length are laid out again.
        """
        if len(new) <= len(old):
            return [*statements]
        moving = _Moved(self.layout, self.indent + old, self.indent + new)
        return [_visited(one, moving) for one in statements]


def _visited(statement: cst.BaseStatement, visitor: cst.CSTTransformer) -> cst.BaseStatement:
    visited = statement.visit(visitor)
    return visited if isinstance(visited, cst.BaseStatement) else statement


class _Walk(cst.CSTTransformer):
    """Goes through the statements of a tree, and knows how far each is indented."""

    def __init__(self, layout: Layout, indent: str) -> None:
        super().__init__()
        self.layout = layout
        self.indents = [indent]

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Go down to statements only."""
        if isinstance(node, cst.IndentedBlock):
            indent = self.layout.default_indent if node.indent is None else node.indent
            self.indents.append(self.indents[-1] + indent)
        return not isinstance(
            node, (cst.SimpleStatementLine, cst.BaseExpression, cst.Parameters, cst.WithItem)
        )

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode:
        """Lay out a statement, after those in it."""
        if isinstance(original_node, cst.IndentedBlock):
            self.indents.pop()
        return self.laid_out(updated_node, self.indents[-1])

    def laid_out(self, node: cst.CSTNode, indent: str) -> cst.CSTNode:
        """``node`` as it shall be."""
        raise NotImplementedError


class _New(_Walk):
    def __init__(self, layout: Layout, indent: str, before: cst.CSTNode | None) -> None:
        super().__init__(layout, indent)
        self.before = before

    def laid_out(self, node: cst.CSTNode, indent: str) -> cst.CSTNode:
        if isinstance(node, cst.SimpleStatementLine) and not body_hole(node):
            return self.layout.line(self.before, node, indent)
        if isinstance(node, Compound):
            return self.layout.header(self.before, node, indent)
        if isinstance(node, cst.Decorator):
            return self.layout.decorator(self.before, node, indent)
        return node


class _Moved(_Walk):
    def __init__(self, layout: Layout, indent: str, new: str) -> None:
        super().__init__(layout, indent)
        self.old, self.new = indent, new

    def laid_out(self, node: cst.CSTNode, indent: str) -> cst.CSTNode:
        if not isinstance(node, (cst.SimpleStatementLine, Compound)):
            return node
        deeper = self.new + indent.removeprefix(self.old)
        if self.layout.fits(node, deeper) or not self.layout.fits(node, indent):
            return node
        if isinstance(node, cst.SimpleStatementLine):
            return self.layout.line(None, node, deeper)
        return self.layout.header(None, node, deeper)
