"""Database URLs in the code: how a text that an expression makes begins."""

from __future__ import annotations

import ast

from codemods.facts.modules import Module


def text_of(node: ast.expr, module: Module) -> str | None:
    """The text of a literal, or how an f-string or a sum of strings begins."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str() as text), *_]):
            return text
        case ast.BinOp(op=ast.Add() | ast.Mod(), left=left):
            return text_of(left, module)
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str() as text))):
            return text
    return None


def first_piece(node: ast.expr) -> ast.expr:
    """The literal with which a text begins."""
    match node:
        case ast.BinOp(left=left):
            return first_piece(left)
        case ast.Call(func=ast.Attribute(value=value)):
            return value
    return node
