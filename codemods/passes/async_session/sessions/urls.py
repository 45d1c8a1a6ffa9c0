"""Database URLs in the code: how a text that an expression makes begins."""

from __future__ import annotations

import ast
import re

from codemods.facts import Program
from codemods.facts.modules import Module

_FROM_CONFIGURATION = "sqlalchemy.engine_from_config"
#: A scheme that is put together when it runs.
_FORMATTED = re.compile(r"[^:/]*[{%]")


def is_formatted(text: str) -> bool:
    """Whether the scheme of a URL has places in it where something is put in."""
    return bool(_FORMATTED.match(text))


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


def given_url(program: Program, call: ast.Call, module: Module) -> ast.expr | str | None:
    """Where the URL of an engine stands: an argument, or the source that reads a configuration.

    None where it is among arguments that are not written out (``create_engine(**options)``).
    """
    if program.outside_name(call.func, module) == _FROM_CONFIGURATION:
        return _configured(call, module)
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "url")]
    return given[0] if given and not isinstance(given[0], ast.Starred) else None


def _configured(call: ast.Call, module: Module) -> str | None:
    """``config["sqlalchemy.url"]``, as ``engine_from_config`` looks it up."""
    keywords = {k.arg: k.value for k in call.keywords}
    given = [*call.args[:1], keywords.get("configuration")]
    prefix = [*call.args[1:2], keywords.get("prefix"), ast.Constant("sqlalchemy.")]
    key = next(node for node in prefix if node is not None)
    if given[0] is None or "url" in keywords or None in keywords:
        return None
    if not isinstance(given[0], ast.Name | ast.Attribute | ast.Subscript):
        return None
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return None
    return f'{module.source(given[0])}["{key.value}url"]'


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
