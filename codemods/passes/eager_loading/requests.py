"""Requests that tests send: another session of the application answers them."""

from __future__ import annotations

import ast

_READING = ("get", "head", "options")


def is_request(call: ast.Call) -> bool:
    """``client.post("/users", ...)``: a path is its first argument."""
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return False
    first = call.args[0]
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    return (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and first.value.startswith(("/", "http"))
    )


def is_writing(call: ast.Call) -> bool:
    """Whether a request can change what the database holds."""
    return (
        is_request(call) and isinstance(call.func, ast.Attribute) and call.func.attr not in _READING
    )
