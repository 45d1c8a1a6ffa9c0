"""Annotations that say less than what is there: ``-> list``, ``query: Select``, ``item: Any``.

What such a value holds is told by the code instead: by what callers pass, by what is returned.
"""

from __future__ import annotations

from collections.abc import Callable

from codemods.facts import knowledge as known
from codemods.facts.values import Instance, Value, Values


def completed(annotated: Values, told: Callable[[], Values]) -> Values:
    """The values of an annotation, and in place of its bare ones those that the code tells."""
    if annotated and not any(is_bare(value) for value in annotated):
        return annotated
    # Beside a list of which is known what it holds, a bare one would hide that from whoever looks
    # at one of them.
    more = frozenset(value for value in told() if not _says_nothing(value))
    return frozenset(v for v in annotated if not is_bare(v)) | more if more else annotated


def is_bare(value: Value) -> bool:
    """Whether of a value that holds others, at some depth, is not known what it holds."""
    if not isinstance(value, Instance):
        return False
    if value.cls in known.VAGUE:
        return not any(value.args)
    if value.cls not in known.HOLDERS:
        return False
    return not value.args or any(
        not argument or any(is_bare(inner) for inner in argument) for argument in value.args
    )


def _says_nothing(value: Value) -> bool:
    """Whether of a value that holds others nothing is known at all."""
    if not isinstance(value, Instance):
        return False
    return value.cls in known.HOLDERS | known.VAGUE and not any(value.args)
