"""Which expressions need parentheses where."""

from __future__ import annotations

from typing import TypeVar

import libcst as cst

Node = TypeVar("Node", bound=cst.CSTNode)
Expression = TypeVar("Expression", bound=cst.BaseExpression)

_UNBRACKETED, _YIELD, _TUPLE, _NAMED, _LAMBDA, _TERNARY = range(-1, 5)
_OR, _AND, _NOT, _COMPARISON, _BIT_OR, _BIT_XOR, _BIT_AND, _SHIFT = range(5, 13)
_SUM, _PRODUCT, _UNARY, _POWER, _AWAIT, _PRIMARY, _ATOM = range(13, 20)

_LEVELS: dict[type[cst.CSTNode], int] = {
    cst.Await: _AWAIT,
    cst.Comparison: _COMPARISON,
    cst.GeneratorExp: _UNBRACKETED,
    cst.IfExp: _TERNARY,
    cst.Lambda: _LAMBDA,
    cst.NamedExpr: _NAMED,
    cst.Tuple: _TUPLE,
    cst.Yield: _YIELD,
}

_OPERATORS: dict[type[cst.CSTNode], int] = {
    cst.Add: _SUM,
    cst.And: _AND,
    cst.BitAnd: _BIT_AND,
    cst.BitOr: _BIT_OR,
    cst.BitXor: _BIT_XOR,
    cst.Divide: _PRODUCT,
    cst.FloorDivide: _PRODUCT,
    cst.LeftShift: _SHIFT,
    cst.MatrixMultiply: _PRODUCT,
    cst.Modulo: _PRODUCT,
    cst.Multiply: _PRODUCT,
    cst.Not: _NOT,
    cst.Or: _OR,
    cst.Power: _POWER,
    cst.RightShift: _SHIFT,
    cst.Subtract: _SUM,
}

#: The level that an expression must have in a field of a node. Tuples and generator expressions
#: are below all of them, but where a field takes them as they are.
_FIELDS: dict[type[cst.CSTNode], dict[str, int]] = {
    cst.AnnAssign: {"value": _YIELD},
    cst.Annotation: {"annotation": _LAMBDA},
    cst.Assert: {"test": _LAMBDA, "msg": _LAMBDA},
    cst.Assign: {"value": _YIELD},
    cst.Attribute: {"value": _PRIMARY},
    cst.AugAssign: {"value": _YIELD},
    cst.Await: {"expression": _PRIMARY},
    cst.Call: {"func": _PRIMARY},
    cst.CompFor: {"iter": _OR},
    cst.CompIf: {"test": _OR},
    cst.Comparison: {"left": _BIT_OR},
    cst.ComparisonTarget: {"comparator": _BIT_OR},
    cst.Decorator: {"decorator": _NAMED},
    cst.DictComp: {"key": _LAMBDA, "value": _LAMBDA},
    cst.DictElement: {"key": _LAMBDA, "value": _LAMBDA},
    cst.Element: {"value": _LAMBDA},
    cst.ExceptHandler: {"type": _LAMBDA},
    cst.ExceptStarHandler: {"type": _LAMBDA},
    cst.Expr: {"value": _YIELD},
    cst.For: {"iter": _TUPLE},
    cst.FormattedStringExpression: {"expression": _TERNARY},
    cst.From: {"item": _LAMBDA},
    cst.GeneratorExp: {"elt": _NAMED},
    cst.If: {"test": _NAMED},
    cst.IfExp: {"body": _OR, "test": _OR, "orelse": _LAMBDA},
    cst.Index: {"value": _NAMED},
    cst.Lambda: {"body": _LAMBDA},
    cst.ListComp: {"elt": _NAMED},
    cst.Match: {"subject": _TUPLE},
    cst.MatchCase: {"guard": _NAMED},
    cst.NamedExpr: {"value": _LAMBDA},
    cst.Param: {"default": _LAMBDA},
    cst.Raise: {"exc": _LAMBDA},
    cst.Return: {"value": _TUPLE},
    cst.SetComp: {"elt": _NAMED},
    cst.Slice: {"lower": _LAMBDA, "upper": _LAMBDA, "step": _LAMBDA},
    cst.StarredDictElement: {"value": _BIT_OR},
    cst.StarredElement: {"value": _BIT_OR},
    cst.Subscript: {"value": _PRIMARY},
    cst.While: {"test": _NAMED},
    cst.WithItem: {"item": _LAMBDA},
    cst.Yield: {"value": _TUPLE},
}


def fields_of(node: cst.CSTNode) -> dict[str, int]:
    """The fields of ``node`` that hold an expression, and the level that each asks for."""
    if isinstance(node, cst.Arg):
        return {"value": _LAMBDA if node.keyword or node.star else _NAMED}
    if isinstance(node, cst.UnaryOperation):
        return {"expression": _NOT if isinstance(node.operator, cst.Not) else _UNARY}
    if isinstance(node, cst.BinaryOperation):
        if isinstance(node.operator, cst.Power):
            return {"left": _PRIMARY, "right": _UNARY}
        level = _OPERATORS.get(type(node.operator), _SUM)
        return {"left": level, "right": level + 1}
    if isinstance(node, cst.BooleanOperation):
        level = _OPERATORS[type(node.operator)]
        return {"left": level, "right": level + 1}
    return _FIELDS.get(type(node), {})


def parenthesized(node: Expression) -> Expression:
    """``node`` in one more pair of parentheses."""
    return node.with_changes(
        lpar=[cst.LeftParen(), *node.lpar], rpar=[*node.rpar, cst.RightParen()]
    )


def bare(node: Expression) -> Expression:
    """``node`` without parentheses, unless they are a part of it."""
    if isinstance(node, (cst.Tuple, cst.GeneratorExp)) or not node.lpar:
        return node
    return node.with_changes(lpar=(), rpar=())


def protect(node: Node, before: cst.CSTNode | None = None) -> Node:
    """``node`` with parentheses around the expressions in it that need them.

    Only fields that differ from those of ``before`` are looked at.
    """
    changes: dict[str, object] = {}
    for name, level in fields_of(node).items():
        child = getattr(node, name)
        if before is not None and child is getattr(before, name):
            continue
        if isinstance(child, cst.BaseExpression) and _needs_parentheses(node, child, level):
            changes[name] = parenthesized(child)
    if isinstance(node, cst.Call) and len(node.args) > 1:
        changes |= _generator_arguments(node)
    return node.with_changes(**changes) if changes else node


def _generator_arguments(node: cst.Call) -> dict[str, object]:
    if not any(_is_open_generator(argument.value) for argument in node.args):
        return {}
    return {
        "args": [
            argument.with_changes(value=parenthesized(argument.value))
            if _is_open_generator(argument.value)
            else argument
            for argument in node.args
        ]
    }


def _is_open_generator(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.GeneratorExp) and not node.lpar


def _needs_parentheses(parent: cst.CSTNode, child: cst.BaseExpression, level: int) -> bool:
    if child.lpar:
        return False
    if isinstance(parent, cst.Arg) and isinstance(child, cst.GeneratorExp):
        return bool(parent.keyword or parent.star)
    if isinstance(child, cst.Await) and level in (_UNARY, _POWER):
        return True  # valid without, but hard to read
    if isinstance(child, cst.NamedExpr) and level < _NAMED:
        return True
    if isinstance(child, cst.Integer) and isinstance(parent, cst.Attribute):
        return True
    return _level_of(child) < level


def _level_of(node: cst.BaseExpression) -> int:
    if isinstance(node, (cst.BinaryOperation, cst.BooleanOperation)):
        return _OPERATORS.get(type(node.operator), _SUM)
    if isinstance(node, cst.UnaryOperation):
        return _NOT if isinstance(node.operator, cst.Not) else _UNARY
    return _LEVELS.get(type(node), _ATOM)
