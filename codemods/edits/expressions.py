"""The actions on expressions."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from codemods.edits.actions import Arguments, Rename
from codemods.edits.errors import ActionError
from codemods.edits.precedence import bare, protect
from codemods.edits.templates import Part, fill_expression, has_open_lines


def awaited(node: cst.BaseExpression, parent: cst.CSTNode) -> cst.BaseExpression:
    """``await`` and ``node``, unless it is awaited already."""
    if isinstance(node, cst.Await) or isinstance(parent, cst.Await):
        return node
    inner = bare(node)
    if inner is node:
        return protect(cst.Await(node))
    return protect(cst.Await(inner, lpar=node.lpar, rpar=node.rpar))


def listed(node: cst.GeneratorExp) -> cst.ListComp:
    """The list comprehension that gives what a generator expression gives."""
    left, right = cst.LeftSquareBracket(), cst.RightSquareBracket()
    if node.lpar:
        left = left.with_changes(whitespace_after=node.lpar[-1].whitespace_after)
        right = right.with_changes(whitespace_before=node.rpar[0].whitespace_before)
    return cst.ListComp(node.elt, node.for_in, left, right, lpar=node.lpar[:-1], rpar=node.rpar[1:])


def rewritten(node: cst.BaseExpression, template: str, enclosed: bool) -> cst.BaseExpression:
    """``node`` as ``template`` says; its own parentheses stay around the result.

    ``enclosed`` says whether brackets around the node let it span lines.
    """
    inner = bare(node)
    result = fill_expression(template, lambda hole: part_of(inner, hole))
    if inner is not node:
        result = bare(result)
        return result.with_changes(lpar=[*node.lpar, *result.lpar], rpar=[*result.rpar, *node.rpar])
    if template == "{receiver}":
        # The parentheses were there for the dot behind them.
        result = bare(result)
    if not enclosed and not result.lpar and has_open_lines(result):
        return result.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return result


def part_of(node: cst.CSTNode, hole: str) -> Part:
    """The part of an expression that a hole names."""
    match node, hole:
        case cst.BaseExpression(), "self":
            return node
        case cst.Call(), "func":
            return node.func
        case cst.Call(func=cst.Attribute(value=value)), "receiver":
            return value
        case cst.Attribute(), "receiver":
            return node.value
        case cst.Call(), "args":
            return node.args
        case cst.Call(), "rest":
            return _rest(node.args)
        case cst.Yield(value=cst.From(item=value)), "value":
            return value
        case (cst.Await(expression=value) | cst.UnaryOperation(expression=value), "value"):
            return value
        case (cst.Subscript(value=value) | cst.NamedExpr(value=value), "value"):
            return value
        case cst.NamedExpr(target=target), "target":
            return target
        case cst.IfExp(test=test), "test":
            return test
        case (cst.ListComp(for_in=part) | cst.GeneratorExp(for_in=part), "iter"):
            return part.iter
        case (cst.List(elements=[element]) | cst.Tuple(elements=[element]), "0"):
            return element.value
        case cst.BinaryOperation(left=left), "0":
            return left
        case cst.BinaryOperation(right=right), "1":
            return right
        case cst.Call(), _ if hole.isdigit():
            return _positional(node.args, int(hole)).value
        case cst.Call(), _ if hole.endswith("="):
            return _keyword(node.args, hole[:-1]).value
    raise ActionError(f"there is no {{{hole}}}")


def _is_positional(argument: cst.Arg) -> bool:
    return not argument.keyword and not argument.star


def _rest(arguments: Sequence[cst.Arg]) -> Sequence[cst.Arg]:
    if arguments and not _is_positional(arguments[0]):
        raise ActionError("the first argument is not a positional one")
    return arguments[1:]


def _positional(arguments: Sequence[cst.Arg], index: int) -> cst.Arg:
    for place, argument in enumerate(arguments):
        if argument.star:
            break
        if place == index and _is_positional(argument):
            return argument
    raise ActionError(f"there is no positional argument {index}")


def _keyword(arguments: Sequence[cst.Arg], name: str) -> cst.Arg:
    for argument in arguments:
        if argument.keyword and argument.keyword.value == name:
            return argument
    raise ActionError(f"there is no keyword argument {name}")


def renamed(node: cst.CSTNode, action: Rename) -> cst.CSTNode:
    """``node`` with another name."""
    match node:
        case cst.Name():
            return node.with_changes(value=action.name)
        case cst.Attribute():
            return node.with_changes(attr=cst.Name(action.name))
        case cst.Call():
            return node.with_changes(func=renamed(node.func, action))
        case cst.FunctionDef() | cst.ClassDef() | cst.Param() | cst.ImportAlias():
            return node.with_changes(name=renamed(node.name, action))
        case cst.Arg(keyword=cst.Name()):
            return node.with_changes(keyword=cst.Name(action.name))
    raise ActionError("has no name to change")


def with_arguments(node: cst.CSTNode, action: Arguments) -> cst.CSTNode:
    """A call without the removed arguments and with the put ones."""
    if not isinstance(node, cst.Call):
        raise ActionError("is not a call")
    removed = [
        _positional(node.args, name) if isinstance(name, int) else _keyword(node.args, name)
        for name in action.remove
    ]
    for argument in removed:
        node = _without(node, argument)
    for name, source in action.put:
        node = _put(node, name, source)
    return protect(node)


def _put(node: cst.Call, name: str, source: str) -> cst.Call:
    return _with_keyword(node, name, fill_expression(source, lambda hole: part_of(node, hole)))


def _without(node: cst.Call, argument: cst.Arg) -> cst.Call:
    index = next(place for place, one in enumerate(node.args) if one is argument)
    kept = [one for one in node.args if one is not argument]
    if not kept:
        return node.with_changes(args=(), whitespace_before_args=cst.SimpleWhitespace(""))
    if index == len(kept):
        kept[-1] = _closing(kept[-1], argument)
    return node.with_changes(args=kept)


def _closing(argument: cst.Arg, last: cst.Arg) -> cst.Arg:
    """``argument`` in the place of the last one, with the comment that stands beside it."""
    beside = argument.comma.whitespace_after if isinstance(argument.comma, cst.Comma) else None
    if isinstance(last.comma, cst.Comma):
        after = _commented(last.comma.whitespace_after, beside)
        return argument.with_changes(
            comma=last.comma.with_changes(whitespace_after=after),
            whitespace_after_arg=last.whitespace_after_arg,
        )
    after = _commented(last.whitespace_after_arg, beside)
    return argument.with_changes(comma=last.comma, whitespace_after_arg=after)


def _commented(
    space: cst.BaseParenthesizableWhitespace, other: cst.BaseParenthesizableWhitespace | None
) -> cst.BaseParenthesizableWhitespace:
    """``space`` with the comment that ``other`` begins with."""
    if isinstance(space, cst.ParenthesizedWhitespace):
        line = cst.TrailingWhitespace()
        if isinstance(other, cst.ParenthesizedWhitespace):
            line = other.first_line
        return space.with_changes(first_line=line)
    return space


def _with_keyword(node: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    for index, one in enumerate(node.args):
        if one.keyword and one.keyword.value == name:
            put = protect(one.with_changes(value=value))
            return node.with_changes(args=[*node.args[:index], put, *node.args[index + 1 :]])
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    argument = protect(cst.Arg(value, keyword=cst.Name(name), equal=equal))
    args = appended(node.args, argument, "whitespace_after_arg", node.whitespace_before_args)
    return node.with_changes(args=args)


def _share_a_line(items: Sequence[cst.CSTNode]) -> bool:
    """Whether the last two items stand in one line."""
    comma = getattr(items[-2], "comma", None) if len(items) > 1 else None
    return isinstance(comma, cst.Comma) and isinstance(comma.whitespace_after, cst.SimpleWhitespace)


def appended(
    items: Sequence[cst.CSTNode],
    item: cst.CSTNode,
    after: str,
    opening: cst.BaseParenthesizableWhitespace,
) -> list[cst.CSTNode]:
    """``items`` with one more at the end, laid out as they are: in the line of others, or one a
    line.

    ``after`` is the field with the whitespace behind an item; ``opening`` is the whitespace
    behind the opening bracket.
    """
    if not items:
        return [item]
    last = items[-1]
    comma: cst.Comma | cst.MaybeSentinel = getattr(last, "comma")  # noqa: B009
    behind: cst.BaseParenthesizableWhitespace = getattr(last, after)
    gap: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    final = comma.whitespace_after if isinstance(comma, cst.Comma) else behind
    if isinstance(opening, cst.ParenthesizedWhitespace) and not _share_a_line(items):
        gap = opening.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=())
    if isinstance(final, cst.ParenthesizedWhitespace) and isinstance(
        gap, cst.ParenthesizedWhitespace
    ):
        gap = gap.with_changes(first_line=final.first_line)
        final = final.with_changes(first_line=cst.TrailingWhitespace())
    if isinstance(comma, cst.Comma):
        item = item.with_changes(comma=comma.with_changes(whitespace_after=final))
    else:
        item = item.with_changes(**{after: final})
    nothing = cst.SimpleWhitespace("")
    ahead = cst.Comma(whitespace_after=gap)
    return [*items[:-1], last.with_changes(comma=ahead, **{after: nothing}), item]
