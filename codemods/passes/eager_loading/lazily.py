"""What is loaded when it is read of a mapped instance: relationships and deferred columns.

A deferred column is like a relationship that leads nowhere: a loader option of the query loads it,
or ``refresh`` with its name.
"""

from __future__ import annotations

from codemods.facts import Program
from codemods.facts.models import Relationship
from codemods.facts.syntax import Class

#: How a deferred column is loaded: by itself, when it is read.
DEFERRED = "deferred"


def lazily(program: Program, cls: Class) -> dict[str, Relationship]:
    """The relationships of a class, and its deferred columns."""
    found = {
        name: Relationship(cls, name, None, many=False, lazy=DEFERRED)
        for name in program.models.deferred(cls)
    }
    return found | program.models.relationships(cls)


def is_deferred(program: Program, cls: Class, name: str) -> bool:
    """Whether an attribute is a deferred column."""
    return name not in program.models.relationships(cls) and name in program.models.deferred(cls)
