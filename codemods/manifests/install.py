"""What has to be installed for an application and its tests, as its manifests declare it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from codemods.manifests import locks
from codemods.manifests.locate import Located, locate
from codemods.manifests.model import Kind, Manifest, Role, Section
from codemods.manifests.paths import folder, inside
from codemods.source import CodeBase


@dataclass(frozen=True)
class Installation:
    """What is installed: requirements files, requirements as text, and what limits them.

    ``optional`` are requirements that only some need; ``locked`` the versions of lock files;
    ``projects`` the folders that can be installed themselves. ``texts`` are the requirements
    files' own, so that two installations are equal where they install the same.
    """

    sources: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    python: str = ""
    texts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.lines)

    def merged(self, other: Installation) -> Installation:
        """Both of them, for a code base with several applications."""

        def both(mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys((*mine, *theirs)))

        return Installation(
            both(self.sources, other.sources),
            both(self.files, other.files),
            both(self.lines, other.lines),
            both(self.optional, other.optional),
            both(self.locked, other.locked),
            both(self.projects, other.projects),
            ",".join(filter(None, dict.fromkeys((self.python, other.python)))),
            both(self.texts, other.texts),
        )


def applications(codebase: CodeBase, paths: Iterable[str]) -> tuple[str, ...]:
    """One of ``paths`` for each set of manifests that speaks for some of them."""
    near: dict[tuple[str, ...], str] = {}
    for path in {folder(path): path for path in paths}.values():
        manifests = tuple(manifest.path for manifest in locate(codebase, path).manifests)
        if manifests:
            near.setdefault(manifests, path)
    return tuple(near.values())


def installation(codebase: CodeBase, near: Iterable[str]) -> Installation:
    """What the applications need that hold the modules ``near``."""
    found = Installation()
    for path in near:
        found = found.merged(_of(codebase, locate(codebase, path)))
    return found


def _of(codebase: CodeBase, located: Located) -> Installation:
    files = _files(located.manifests)
    own = _own_names(codebase, located.manifests)
    listed = {manifest.path for manifest in located.manifests if manifest.kind in _LISTS}
    sections = [
        section
        for section in located.sections
        if section.path not in listed and section.role is not Role.OTHER
    ]
    lines = _lines(_needed(sections), own, located.base)
    optional = [line for line in _lines(sections, own, located.base) if line not in lines]
    pythons = (manifest.requires_python for manifest in located.manifests)
    python = next((one for one in pythons if one is not None), SpecifierSet())
    return Installation(
        tuple(dict.fromkeys((*files, *(section.path for section in sections)))),
        files,
        tuple(lines),
        tuple(optional),
        tuple(_locked(codebase, located, own)) if lines else (),
        tuple(_projects(codebase, located.manifests)),
        str(python),
        tuple(codebase[path].text for path in sorted(listed)),
    )


_LISTS = frozenset({Kind.REQUIREMENTS, Kind.CONSTRAINTS})


def _files(manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """The requirements files that are installed, without those that another one takes in."""
    found = {
        manifest.path: manifest.sections[0]
        for manifest in manifests
        if manifest.kind is Kind.REQUIREMENTS and manifest.sections[0].role is not Role.OTHER
    }
    taken = {path for section in found.values() for path in section.includes}
    # What a file with the ending .in asks for, pip-compile has written out into its neighbour.
    taken |= {path for path in found if path.removesuffix(".in") + ".txt" in found}
    return tuple(path for path in found if path not in taken)


def _needed(sections: Iterable[Section]) -> list[Section]:
    return [section for section in sections if section.role is not Role.OPTIONAL]


def _lines(sections: Iterable[Section], own: frozenset[str], base: str) -> list[str]:
    """The requirements of some sections, as pip takes them from a file."""
    found = {
        _line(str(entry.spelling), entry.spelling.rest, base): None
        for section in sections
        for entry in section.entries
        if entry.name not in own
    }
    return list(found)


def _line(text: str, rest: str, base: str) -> str:
    target = rest.strip().removeprefix("@").strip()
    if target == rest.strip():
        return text
    if "://" not in target:
        return f"./{inside(base, target)}"
    name = text.partition("@")[0].strip()
    return f"{name} @ {'git+' * target.endswith('.git')}{target.removeprefix('git+')}"


def _own_names(codebase: CodeBase, manifests: Iterable[Manifest]) -> frozenset[str]:
    """The names of the projects themselves, which their extras may refer to."""
    return frozenset(
        canonicalize_name(str(table["name"]))
        for document in _documents(codebase, manifests).values()
        for table in (
            document.get("project", {}),
            document.get("tool", {}).get("poetry", {}),
        )
        if "name" in table
    )


def _projects(codebase: CodeBase, manifests: Iterable[Manifest]) -> Iterator[str]:
    """The folders of projects that can be installed."""
    documents = _documents(codebase, manifests)
    for manifest in manifests:
        buildable = "build-system" in documents.get(manifest.path, {})
        if buildable or manifest.kind is Kind.SETUP_PY:
            yield folder(manifest.path)


def _documents(codebase: CodeBase, manifests: Iterable[Manifest]) -> dict[str, dict[str, Any]]:
    return {
        manifest.path: tomllib.loads(codebase[manifest.path].text)
        for manifest in manifests
        if manifest.kind is Kind.PYPROJECT
    }


def _locked(codebase: CodeBase, located: Located, own: frozenset[str]) -> Iterator[str]:
    """The versions of lock files, but where a manifest asks for something else by now."""
    versions: dict[str, Version] = {}
    for path in located.locks:
        versions |= locks.versions(path, codebase[path].text)
    asked = {
        entry.name: entry.spelling for section in located.sections for entry in section.entries
    }
    for name, version in sorted(versions.items()):
        spelling = asked.get(name)
        if name not in own and (
            spelling is None or spelling.specifier.contains(version, prereleases=True)
        ):
            yield f"{name}=={version}"
