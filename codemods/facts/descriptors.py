"""Functions that are read as attributes: properties and class methods."""

from __future__ import annotations

import ast

from codemods.facts.syntax import Function


def is_property(function: Function) -> bool:
    """Whether reading the attribute calls the function."""
    return any(
        (isinstance(d, ast.Name) and d.id in ("property", "cached_property"))
        or (
            isinstance(d, ast.Attribute)
            and d.attr in ("cached_property", "setter", "getter", "hybrid_property", "deleter")
        )
        or (isinstance(d, ast.Name) and d.id in ("hybrid_property", "computed_field"))
        for d in function.definition.decorator_list
    )


def is_classmethod(function: Function) -> bool:
    """Whether the function is bound to its class."""
    return any(
        isinstance(d, ast.Name) and d.id == "classmethod"
        for d in function.definition.decorator_list
    )
