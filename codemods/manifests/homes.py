"""Where a new requirement belongs: in which list, and at which place of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from packaging.requirements import Requirement

from codemods.manifests.model import Kind, Role, Section

_PRODUCTION = (Role.MAIN, Role.OPTIONAL)
_ANCHORS = ("sqlalchemy", "sqlmodel", "fastapi")
_TEST_ANCHORS = ("pytest", "httpx")


def for_production(sections: Sequence[Section], name: str) -> list[Section]:
    """The lists that declare the application's own dependencies: one or more of them.

    Those with SQLAlchemy or SQLModel, else those with FastAPI, else the first.
    """
    own = [section for section in sections if section.role in _PRODUCTION]
    for anchors in (_ANCHORS[:2], _ANCHORS[2:]):
        found = [section for section in own if any(section.find(anchor) for anchor in anchors)]
        if found:
            main = [section for section in found if section.role is Role.MAIN]
            return _one_for_each_file(main or found)
    filled = [section for section in own if section.entries] or own or list(sections)
    return filled[:1]


def for_tests(sections: Sequence[Section]) -> list[Section]:
    """The list that holds what only the tests need, next to pytest where that stands.

    Without one it is the list of the application's own dependencies.
    """
    roles = (Role.TEST, Role.DEV, Role.MAIN, Role.OPTIONAL)
    for anchor in _TEST_ANCHORS:
        for role in roles[:2] if anchor == "httpx" else roles:
            found = [part for part in sections if part.role is role and part.find(anchor)]
            if found:
                return _one_for_each_file(found)
    for role in roles[:2]:
        found = [section for section in sections if section.role is role and section.entries]
        if found:
            return found[:1]
    return for_production(sections, "")


def _one_for_each_file(sections: Iterable[Section]) -> list[Section]:
    """The first list of each file; of a source and what is compiled from it, both."""
    first: dict[str, Section] = {}
    for section in sections:
        first.setdefault(section.path, section)
    return list(first.values())


def position(
    section: Section, requirement: Requirement, placed: Collection[str], *, dev: bool = False
) -> int:
    """The index at which ``requirement`` is to be inserted.

    In an alphabetical list its place in the alphabet; else behind SQLAlchemy (or pytest), and
    behind what was ``placed`` there before.
    """
    entries = section.entries
    if section.ordered:
        key = requirement.name.lower()
        return next(
            (entry.index for entry in entries if entry.spelling.name.lower() > key), len(entries)
        )
    table = section.kind is Kind.PIPFILE or "poetry" in section.key
    anchors = (*_TEST_ANCHORS, *_ANCHORS) if dev else (*_ANCHORS, *_TEST_ANCHORS)
    found = next((entry for name in anchors if (entry := section.find(name))), None)
    if table or found is None:
        return len(entries)
    index = found.index + 1
    while index < len(entries) and entries[index].name in placed:
        index += 1
    return index
