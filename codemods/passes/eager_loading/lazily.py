"""What is loaded when it is read of a mapped instance: relationships, and two kinds of columns.

A deferred column is like a relationship that leads nowhere: a loader option of the query loads it,
or ``refresh`` with its name. So is what a subclass adds to its base: a query of the base gives
instances of the subclass, without the columns that only the subclass has.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from codemods.facts import Program
from codemods.facts.models import Relationship
from codemods.facts.syntax import Class

#: How a deferred column is loaded: by itself, when it is read.
DEFERRED = "deferred"
#: A column of a subclass, which comes with all others of that class.
POLYMORPHIC = "polymorphic"
#: How a mapper says that its columns come with a query of its base.
_TOGETHER = frozenset(("polymorphic_load", "with_polymorphic"))
#: What was found already, by program.
_FOUND: WeakKeyDictionary[Program, dict[Class, Mapping[str, Relationship]]] = WeakKeyDictionary()


def lazily(program: Program, cls: Class) -> Mapping[str, Relationship]:
    """The relationships of a class, its deferred columns, and what its subclasses add."""
    found = _FOUND.setdefault(program, {})
    if cls not in found:
        found[cls] = _lazily(program, cls)
    return found[cls]


def _lazily(program: Program, cls: Class) -> dict[str, Relationship]:
    models = program.models
    found = {
        name: Relationship(cls, name, None, many=False, lazy=DEFERRED)
        for name in models.deferred(cls)
    }
    found |= models.relationships(cls)
    subclasses = _subclasses(program, cls)
    own = {*found, *models.columns(cls)} if subclasses else set()
    for one in subclasses:
        added = dict(lazily(program, one)) | {
            name: Relationship(one, name, None, many=False, lazy=POLYMORPHIC)
            for name in models.columns(one)
        }
        for name, attribute in added.items():
            if name not in own:
                found.setdefault(name, attribute)
    return found


def is_deferred(program: Program, cls: Class, name: str) -> bool:
    """Whether an attribute is a deferred column."""
    return name not in program.models.relationships(cls) and name in program.models.deferred(cls)


def adding(program: Program, cls: Class, name: str) -> list[Class]:
    """The subclasses that add an attribute to a class, if it is not the class's own."""
    models = program.models
    if name in models.relationships(cls) or name in models.columns(cls):
        return []
    found = [
        one
        for one in _subclasses(program, cls)
        if name in models.relationships(one) or name in models.columns(one)
    ]
    return [one for one in found if not any(other in program.mro(one)[1:] for other in found)]


def is_base(program: Program, cls: Class) -> bool:
    """Whether a query of a class can give instances of its subclasses."""
    return bool(_subclasses(program, cls))


def _subclasses(program: Program, cls: Class) -> list[Class]:
    """The mapped subclasses of which a query of a class gives instances, bare of their columns."""
    bases = [base for base in program.mro(cls) if isinstance(base, Class)]
    if not any("polymorphic_on" in base.module.identifiers for base in bases):
        return []
    if not _TOGETHER.isdisjoint(cls.module.identifiers):
        return []
    return [
        one
        for one in program.subclasses(cls)
        if one is not cls
        and program.models.is_mapped(one)
        and _TOGETHER.isdisjoint(one.module.identifiers)
    ]
