"""Database URLs in the code: how a text that an expression makes begins."""

from __future__ import annotations

import ast

from codemods.facts import Program
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


def url_of(program: Program, node: ast.expr, module: Module) -> str | None:
    """The URL that an expression means, as far as it is written in the code.

    What is put in when it runs is left out: ``postgresql://{}:{}@db/app``.
    """
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            pieces = [v.value if isinstance(v, ast.Constant) else "{}" for v in values]
            return "".join(str(piece) for piece in pieces)
        case ast.Name() | ast.Attribute():
            found = program.definition(node, module)
            return url_of(program, *found) if found is not None and found[0] is not node else None
    return text_of(node, module)
