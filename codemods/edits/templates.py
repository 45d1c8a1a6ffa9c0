"""Templates: Python source with holes, parsed once and filled with parts of a node."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

from codemods.edits.errors import ActionError
from codemods.edits.precedence import bare, fields_of, protect

_HOLE = re.compile(
    r"(?<!\0)\{(self|func|receiver|args|rest|value|target|items|test|iter|body|\d+|[A-Za-z_]\w*=)\}"
)

Part = cst.BaseExpression | Sequence[cst.Arg] | cst.With | Sequence[cst.BaseStatement]

#: Fills a hole, named as in the template without its braces.
Filler = Callable[[str], Part]


@dataclass(frozen=True)
class _Parsed:
    """A template whose holes are names, and the holes by those names."""

    module: cst.Module
    holes: dict[str, str]


def fill_expression(template: str, fill: Filler) -> cst.BaseExpression:
    """The expression that ``template`` becomes."""
    parsed = _parse(_on_one_line(template.strip()))
    match parsed.module.body:
        case [cst.SimpleStatementLine(body=[cst.Expr(value=expression)])]:
            pass
        case _:
            raise ActionError(f"the template {template!r} is not one expression")
    filled = expression.visit(_Splicer(parsed.holes, fill))
    if not isinstance(filled, cst.BaseExpression):
        raise ActionError(f"the template {template!r} is not one expression")
    _check(parsed, filled)
    return bare(filled) if expression.lpar else filled


def _on_one_line(template: str) -> str:
    """An expression that brackets around it held together, in brackets of its own."""
    if "\n" not in template:
        return template
    try:
        cst.parse_expression(_HOLE.sub("hole", template))
    except cst.ParserSyntaxError:
        return f"({template})"
    return template


def fill_statements(template: str, fill: Filler) -> list[cst.BaseStatement]:
    """The statements that ``template`` becomes; ``{body}`` and ``{self}`` stay for ``fill_body``.

    Comments of the template stay with its statements.
    """
    parsed = _parse(template.strip("\n"))
    splicer = _Splicer(parsed.holes, fill)
    found: list[cst.BaseStatement] = []
    for statement in parsed.module.body:
        filled = statement.visit(splicer)
        if isinstance(filled, cst.BaseStatement):
            found.append(filled)
            _check(parsed, filled)
    if found and parsed.module.header:
        found[0] = with_leading_lines(found[0], [*parsed.module.header, *leading_lines(found[0])])
    return found


def _check(parsed: _Parsed, filled: cst.CSTNode) -> None:
    """Holes that only some places can take have to be filled."""
    for name in _LIST_HOLES & set(parsed.holes.values()):
        if _PREFIX + name in code_of(filled):
            raise ActionError(f"{{{name}}} cannot stand there")


def holes_of(template: str) -> frozenset[str]:
    """The names of the holes of a template."""
    return frozenset(_HOLE.findall(template))


def verbatim(text: str) -> str:
    """Source text for a template, in which nothing is a hole."""
    return _HOLE.sub(lambda match: "\0" + match.group(), text)


def body_hole(statement: cst.CSTNode) -> str:
    """``body`` or ``self`` where the statement is just that hole, else nothing."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Name(value=name))]):
            return name.removeprefix(_PREFIX) if name in _BODY_HOLES else ""
    return ""


def leading_lines(statement: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    """The blank lines and comments above a statement."""
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return lines


def with_leading_lines(
    statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]
) -> cst.BaseStatement:
    """``statement`` with other blank lines and comments above it."""
    return statement.with_changes(leading_lines=tuple(lines))


_PREFIX = "looplift_hole_"
_LIST_HOLES = frozenset({"args", "rest", "items"})
_BODY_HOLES = frozenset({_PREFIX + "body", _PREFIX + "self"})


@lru_cache(maxsize=1024)
def _parse(template: str) -> _Parsed:
    holes: dict[str, str] = {}

    def place(match: re.Match[str]) -> str:
        hole = match.group(1)
        name = _PREFIX + (f"keyword_{hole[:-1]}" if hole.endswith("=") else hole)
        holes[name] = hole
        return name

    source = _HOLE.sub(place, template).replace("\0", "") + "\n"
    try:
        module = cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        raise ActionError(f"the template {template!r} is not Python") from error
    return _Parsed(module, holes)


class _Splicer(cst.CSTTransformer):
    """Puts parts of a node in the place of the names that stand for them."""

    def __init__(self, holes: dict[str, str], fill: Filler) -> None:
        super().__init__()
        self.holes = holes
        self.fill = fill

    def on_visit(self, node: cst.CSTNode) -> bool:
        return not body_hole(node)

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode:
        if isinstance(original_node, cst.Name):
            return self._name(original_node)
        if isinstance(original_node, (cst.Call, cst.ClassDef)):
            updated_node = self._arguments(original_node, updated_node)
        elif isinstance(original_node, cst.With):
            updated_node = self._items(original_node, updated_node)
        return self._protected(original_node, updated_node)

    def _name(self, node: cst.Name) -> cst.CSTNode:
        hole = self.holes.get(node.value)
        if hole is None or hole in _LIST_HOLES:
            return node
        part = self.fill(hole)
        if not isinstance(part, cst.BaseExpression):
            raise ActionError(f"{{{hole}}} is not an expression here")
        return part

    def _hole(self, node: cst.CSTNode) -> str:
        return self.holes.get(node.value, "") if isinstance(node, cst.Name) else ""

    def _protected(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        changes = {
            name: _tidy(getattr(updated, name))
            for name in fields_of(original)
            if self._hole(getattr(original, name))
        }
        return protect(updated.with_changes(**changes) if changes else updated, original)

    def _arguments(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        if not isinstance(original, cst.Call) or not isinstance(updated, cst.Call):
            return updated
        holes = [self._hole(argument.value) for argument in original.args]
        if not {"args", "rest"} & set(holes):
            return updated
        arguments: list[cst.Arg] = []
        for hole, argument in zip(holes, updated.args, strict=True):
            if hole in {"args", "rest"}:
                part = self.fill(hole)
                arguments += [one for one in _sequence(part) if isinstance(one, cst.Arg)]
            else:
                arguments.append(argument)
        if arguments and holes[-1] in {"args", "rest"} and arguments[-1] in updated.args:
            arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(args=separated(arguments))

    def _items(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        if not isinstance(original, cst.With) or not isinstance(updated, cst.With):
            return updated
        holes = [self._hole(item.item) for item in original.items]
        if "items" not in holes:
            return updated
        source = self.fill("items")
        if not isinstance(source, cst.With):
            raise ActionError("{items} is not part of a with statement here")
        if len(holes) == 1:
            return updated.with_changes(items=source.items, lpar=source.lpar, rpar=source.rpar)
        items: list[cst.WithItem] = []
        for hole, item in zip(holes, updated.items, strict=True):
            items += source.items if hole == "items" else [item]
        plain = [item.with_changes(comma=cst.MaybeSentinel.DEFAULT) for item in items]
        return updated.with_changes(items=plain)


def separated(arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
    """Arguments that came together from several places, with a comma between each two."""
    last = len(arguments) - 1
    return [
        argument
        if index == last or _is_spaced(argument.comma)
        else argument.with_changes(
            comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")),
            whitespace_after_arg=cst.SimpleWhitespace(""),
        )
        for index, argument in enumerate(arguments)
    ]


def _is_spaced(comma: cst.Comma | cst.MaybeSentinel) -> bool:
    return isinstance(comma, cst.Comma) and not comma.whitespace_after.empty


def _sequence(part: Part) -> Sequence[cst.CSTNode]:
    return part if isinstance(part, Sequence) else ()


def _tidy(node: object) -> object:
    """A part without the parentheses that its old place asked for.

    Parentheses over several lines stay: they hold the lines together.
    """
    if not isinstance(node, cst.BaseExpression) or not node.lpar:
        return node
    return node if "\n" in code_of(node) or "\r" in code_of(node) else bare(node)


_MODULE = cst.Module(body=())


def code_of(node: cst.CSTNode) -> str:
    """The source of a node, outside of any module."""
    return _MODULE.code_for_node(node)


def has_open_lines(node: cst.BaseExpression) -> bool:
    """Whether an expression spans lines in a place that no bracket of its own encloses."""
    code = code_of(node)
    if "\n" not in code:
        return False
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(f"({code})").readline):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
            elif token.type in (tokenize.NL, tokenize.NEWLINE) and depth == 1:
                return True
    except (tokenize.TokenError, SyntaxError):
        return True
    return False
