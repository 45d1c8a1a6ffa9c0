"""The actions on functions, classes, loops and with statements: their headers and decorators."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from codemods.edits.actions import (
    Action,
    AddDecorator,
    AddParameter,
    MakeAsync,
    RemoveDecorator,
    SetReturns,
)
from codemods.edits.errors import ActionError
from codemods.edits.expressions import appended

Definition = cst.FunctionDef | cst.ClassDef


def made_async(node: cst.CSTNode, action: MakeAsync) -> cst.CSTNode:
    """``node`` in its asynchronous form."""
    match node:
        case cst.FunctionDef() | cst.With() | cst.For():
            return node if node.asynchronous else node.with_changes(asynchronous=_ASYNC)
        case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
            return node.with_changes(for_in=_async_part(node.for_in, action.index))
    raise ActionError("has no asynchronous form")


_ASYNC = cst.Asynchronous()


def _async_part(part: cst.CompFor, index: int) -> cst.CompFor:
    if index:
        if part.inner_for_in is None:
            raise ActionError("the comprehension has not that many parts")
        return part.with_changes(inner_for_in=_async_part(part.inner_for_in, index - 1))
    return part if part.asynchronous else part.with_changes(asynchronous=_ASYNC)


def decorated(node: cst.CSTNode, actions: Sequence[Action]) -> cst.CSTNode:
    """A function or class after all its edits of decorators.

    Places count decorators as they stood before the first of the edits.
    """
    changes = [one for one in actions if isinstance(one, (AddDecorator, RemoveDecorator))]
    if not changes:
        return node
    if not isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        raise ActionError("cannot have decorators")
    removed = {one.index for one in changes if isinstance(one, RemoveDecorator)}
    if removed - set(range(len(node.decorators))):
        raise ActionError("has not that many decorators")
    added = [_decorator(one.source) for one in changes if isinstance(one, AddDecorator)]
    kept: list[cst.Decorator] = []
    pending: list[cst.EmptyLine] = []
    for index, decorator in enumerate(node.decorators):
        if index in removed:
            pending += [line for line in decorator.leading_lines if line.comment]
        else:
            lines = [*pending, *decorator.leading_lines]
            kept.append(decorator.with_changes(leading_lines=lines))
            pending = []
    return _placed(node, [*kept, *added], pending)


def _placed(
    node: Definition, decorators: list[cst.Decorator], pending: list[cst.EmptyLine]
) -> Definition:
    lines = [*pending, *node.lines_after_decorators]
    if not decorators:
        return node.with_changes(
            decorators=(),
            leading_lines=[*node.leading_lines, *lines],
            lines_after_decorators=(),
        )
    return node.with_changes(decorators=decorators, lines_after_decorators=lines)


def _decorator(source: str) -> cst.Decorator:
    return cst.Decorator(cst.parse_expression(source.removeprefix("@")))


def with_parameter(node: cst.CSTNode, action: AddParameter) -> cst.CSTNode:
    """A function with one more parameter, before ``**kwargs``.

    It is keyword-only where it comes behind ``*`` or ``*args``, and where it has no default and
    others before it have one.
    """
    if not isinstance(node, cst.FunctionDef):
        raise ActionError("is not a function")
    parameter = _parameter(action.source)
    groups = node.params
    before = [*groups.posonly_params, *groups.params]
    keyword_only = bool(groups.kwonly_params) or groups.star_arg is not cst.MaybeSentinel.DEFAULT
    changes: dict[str, object] = {}
    if not keyword_only and parameter.default is None and any(one.default for one in before):
        changes["star_arg"] = cst.ParamStar()
        keyword_only = True
    name = "kwonly_params" if keyword_only else "params"
    changes[name] = [*getattr(groups, name), parameter]
    return _laid_out(node, groups.with_changes(**changes), parameter)


def _parameter(source: str) -> cst.Param:
    function = cst.parse_statement(f"def f({source}): pass")
    match function:
        case cst.FunctionDef(params=cst.Parameters(params=[parameter])):
            return parameter
    raise ActionError(f"{source!r} is not a parameter")


def _laid_out(
    node: cst.FunctionDef, groups: cst.Parameters, parameter: cst.Param
) -> cst.FunctionDef:
    """``node`` with ``groups`` of parameters, the new one laid out as the others are."""
    old = _last(node.params)
    if groups.star_kwarg is not None or old is None:
        return _between(node, groups, parameter)
    rows = appended([old], parameter, "whitespace_after_param", node.whitespace_before_params)
    first, last = rows[0], rows[-1]
    if isinstance(first, cst.ParamStar):  # pragma: no cover - a star has something behind it
        return node.with_changes(params=groups)
    changes = {
        name: [_swapped(one, {id(old): first, id(parameter): last}) for one in value]
        for name in ("posonly_params", "params", "kwonly_params")
        if (value := getattr(groups, name))
    }
    star = groups.star_arg
    if star is old:
        changes["star_arg"] = first  # type: ignore[assignment]
    return node.with_changes(params=groups.with_changes(**changes))


def _swapped(node: cst.CSTNode, others: dict[int, cst.CSTNode]) -> cst.CSTNode:
    return others.get(id(node), node)


def _between(
    node: cst.FunctionDef, groups: cst.Parameters, parameter: cst.Param
) -> cst.FunctionDef:
    """The new parameter before ``**kwargs``: in a line of its own where the others have one."""
    opening = node.whitespace_before_params
    if groups.star_kwarg is None or not isinstance(opening, cst.ParenthesizedWhitespace):
        return node.with_changes(params=groups)
    gap = opening.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=())
    placed = parameter.with_changes(comma=cst.Comma(whitespace_after=gap))
    changes = {
        name: [_swapped(one, {id(parameter): placed}) for one in getattr(groups, name)]
        for name in ("params", "kwonly_params")
    }
    return node.with_changes(params=groups.with_changes(**changes))


def _last(groups: cst.Parameters) -> cst.Param | None:
    """The last parameter as written, but ``**kwargs``."""
    if groups.kwonly_params:
        return groups.kwonly_params[-1]
    if isinstance(groups.star_arg, cst.Param):
        return groups.star_arg
    if groups.params:
        return groups.params[-1]
    return None


def with_returns(node: cst.CSTNode, action: SetReturns) -> cst.CSTNode:
    """A function with that return annotation."""
    if not isinstance(node, cst.FunctionDef):
        raise ActionError("is not a function")
    annotation = cst.parse_expression(action.source)
    if node.returns:
        return node.with_changes(returns=node.returns.with_changes(annotation=annotation))
    return node.with_changes(returns=cst.Annotation(annotation))
