"""Annotations that say less than what is passed: ``query: Select``, of whatever it selects."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.syntax import Function
from codemods.facts.values import Instance, Values

if TYPE_CHECKING:
    from codemods.facts.program import Program


def completed(
    program: Program, annotated: Values, function: Function, argument: ast.arg
) -> Values:
    """The values of a parameter by its annotation, and what callers pass where that is bare."""
    if not any(_is_bare(value) for value in annotated):
        return annotated
    passed = program.calls.argument_values(function, argument)
    told = frozenset(value for value in passed if _is_select(value) and not _is_bare(value))
    # Beside a select that is known, a bare one would hide it from whoever looks at one of them.
    return frozenset(v for v in annotated if not _is_bare(v)) | told if told else annotated


def _is_select(value: object) -> bool:
    return isinstance(value, Instance) and value.cls == known.SELECT


def _is_bare(value: object) -> bool:
    """Whether a value is a select of which is not known what it selects."""
    return isinstance(value, Instance) and value.cls == known.SELECT and not any(value.args)
