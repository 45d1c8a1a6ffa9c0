"""Further lists of the same libraries: above an application's own manifests, or beside them.

A list has an application of its own where modules next to it use a web framework or a database and
import nothing of the application that is asked about. It is that application's own otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from packaging.utils import canonicalize_name

from codemods.drivers import DATABASES
from codemods.manifests.locate import (
    TELLING,
    Located,
    lock_files,
    manifest_paths,
    place_of,
    read,
)
from codemods.manifests.model import Kind, Manifest, Note, Role
from codemods.manifests.paths import folder, inside, joined, upward
from codemods.source import CodeBase, SourceFile

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<base>[\w.]*)[ \t]+import\b"
    r"|import[ \t]+(?P<names>[\w., \t]+))",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Further:
    """The further lists of an application.

    Of ``ours`` those in ``shared`` (their paths) are installed for other applications too;
    ``others`` names the lists of which it is not known whose they are.
    """

    ours: tuple[Manifest, ...] = ()
    shared: frozenset[str] = frozenset()
    others: tuple[Note, ...] = ()

    def added(self, located: Located, codebase: CodeBase) -> Located:
        """The manifests of the application with these, and their lock files."""
        if not self.ours:
            return located
        manifests = sorted((*located.manifests, *self.ours), key=lambda manifest: manifest.path)
        places = dict.fromkeys(place_of(manifest.path) for manifest in self.ours)
        locks = (*located.locks, *(path for one in places for path in lock_files(codebase, one)))
        return replace(located, manifests=tuple(manifests), locks=tuple(dict.fromkeys(locks)))


def further(codebase: CodeBase, located: Located, watched: Collection[str]) -> Further:
    """The lists that name a web framework, SQLAlchemy or one of ``watched`` once more."""
    known = {manifest.path for manifest in located.manifests}
    groups: dict[str, list[Manifest]] = {}
    for path in manifest_paths(codebase):
        manifest = read(path, codebase[path].text) if path not in known else None
        if manifest is not None and _named(manifest, watched):
            groups.setdefault(place_of(path), []).append(manifest)
    if not groups:
        return Further()
    around = _Surroundings(codebase, located, groups)
    ours: list[Manifest] = []
    shared: set[str] = set()
    others: list[Note] = []
    for place, manifests in groups.items():
        if around.is_ours(place):
            ours += manifests
            if around.is_shared(place):
                shared |= {manifest.path for manifest in manifests}
        elif around.is_above(place):
            others += [_left(manifest, watched) for manifest in manifests]
    return Further(tuple(ours), frozenset(shared), tuple(others))


def _named(manifest: Manifest, watched: Collection[str]) -> frozenset[str]:
    """Which of ``watched`` and of what tells an application a manifest installs.

    Constraints install nothing. Lists for documentation and the like may name a framework for its
    own sake, a driver only for the application's.
    """
    if manifest.kind is Kind.CONSTRAINTS:
        return frozenset()
    return frozenset(
        entry.name
        for section in manifest.sections
        for entry in section.entries
        if entry.name in watched or entry.name in TELLING
        if section.role is not Role.OTHER or entry.name not in TELLING
    )


def _left(manifest: Manifest, watched: Collection[str]) -> Note:
    named = _named(manifest, watched)
    entry = next(
        entry for part in manifest.sections for entry in part.entries if entry.name in named
    )
    return Note(
        manifest.path,
        f"lists {', '.join(sorted(named))} too, and is left as it is, for an application of its "
        "own: bring it in line where the migrated one is installed from it",
        entry.line,
    )


class _Surroundings:
    """The modules around further lists, and what they import."""

    def __init__(
        self, codebase: CodeBase, located: Located, groups: dict[str, list[Manifest]]
    ) -> None:
        self.codebase = codebase
        self.base = located.base
        self.groups = groups

    def is_above(self, place: str) -> bool:
        """Whether the folder is one of those above the application's own manifests."""
        return place != self.base and place in upward(inside(self.base, "x"))

    def is_ours(self, place: str) -> bool:
        """Whether a list of that folder is installed for the application."""
        uses = self._uses.get(place)
        if uses is not None:
            return uses[0]
        if self.is_above(place) or self._home(place) == self.base:
            return True
        near = self._near(place)
        return self.base in near and len(near) == 1

    def is_shared(self, place: str) -> bool:
        """Whether another application is installed from it too."""
        uses = self._uses.get(place)
        if uses is not None and uses[1]:
            return True
        return self.is_above(place) and any(
            foreign for other, (_, foreign) in self._uses.items() if _within(other, place)
        )

    def _near(self, place: str) -> set[str]:
        """The applications in a folder, or in the nearest above it that holds any."""
        applications = {self.base, *(other for other, uses in self._uses.items() if uses[1])}
        for above in upward(inside(place, "x")):
            found = {one for one in applications if _within(one, above)}
            if found:
                return found
        return {self.base}

    @cached_property
    def _uses(self) -> dict[str, tuple[bool, bool]]:
        """Of each folder whose modules use the libraries: whether some of them import the
        application, and whether some don't."""
        found: dict[str, tuple[bool, bool]] = {}
        for file in self.codebase.python_files:
            home = self._home(folder(file.path))
            if home in {None, self.base}:
                continue
            imports = list(_imports(file))
            if not any(_top(name) in _LIBRARIES for _, name in imports):
                continue
            is_connected = any(self._reaches(file, home, *one) for one in imports)
            mine, foreign = found.get(home, (False, False))
            found[home] = (mine or is_connected, foreign or not is_connected)
        return found

    def _home(self, place: str) -> str | None:
        """The nearest folder, from ``place`` upwards, whose manifests tell an application."""
        homes = (one for one in upward(inside(place, "x")) if one in self._telling)
        return next(homes, None)

    @cached_property
    def _telling(self) -> frozenset[str]:
        return frozenset(
            place
            for place, manifests in self.groups.items()
            if any(_named(manifest, ()) for manifest in manifests)
        ) | {self.base}

    def _reaches(self, file: SourceFile, home: str, dots: str, name: str) -> bool:
        """Whether an import of a module leads into the application's folder."""
        tail = name.replace(".", "/")
        if dots:
            return self._is_mine(joined(file.path, "../" * (len(dots) - 1) + tail))
        top = _top(name)
        for above in upward(file.path):
            if self._exists(inside(above, top)):
                return self._is_mine(inside(above, tail))
        declared = {
            entry.name
            for manifest in self.groups[home]
            for section in manifest.sections
            for entry in section.entries
        }
        return canonicalize_name(top) not in declared and any(
            self._exists(inside(root, top)) for root in (self.base, inside(self.base, "src"))
        )

    def _is_mine(self, target: str) -> bool:
        """Whether the application's own manifests are the nearest of a module."""
        return self._home(target) == self.base

    def _exists(self, target: str) -> bool:
        return target in self._folders or f"{target}.py" in self.codebase

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(
            above for file in self.codebase.python_files for above in upward(file.path)
        )


def _within(place: str, above: str) -> bool:
    return not above or place == above or place.startswith(f"{above}/")


def _top(name: str) -> str:
    return name.partition(".")[0]


def _imports(file: SourceFile) -> Iterator[tuple[str, str]]:
    """The modules that are imported: their leading dots, and their names."""
    for found in _IMPORT.finditer(file.text):
        if found["names"] is None:
            yield found["dots"], found["base"]
            continue
        for name in found["names"].split(","):
            if words := name.split():
                yield "", words[0]


#: What a module imports that belongs to an application with a database.
_LIBRARIES = TELLING | frozenset(
    name.removesuffix("-binary").replace("-", "_").lower()
    for database in DATABASES
    for name in database.distributions | database.kept
)
