"""Which manifests speak for the application that holds a module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codemods.manifests import installs, requirements, setup_files, toml
from codemods.manifests.locks import COMMANDS
from codemods.manifests.model import Kind, Manifest, Role, Section
from codemods.manifests.paths import folder, inside, upward
from codemods.source import CodeBase

#: A manifest that declares one of these is an application's own.
TELLING = frozenset({"fastapi", "sqlalchemy", "sqlmodel", "starlette"})

_REQUIREMENTS = re.compile(r"[\w.-]*requirements?[\w.-]*\.(?:txt|in)|constraints?[\w.-]*\.txt")
_IN_FOLDER = re.compile(r"[\w.-]+\.(?:txt|in)")
#: The manifests that have one name, and the folders whose requirements are those of the one above.
_NAMES = frozenset({"pyproject.toml", "Pipfile", "setup.cfg", "setup.py"})
_BELOW = ("requirements", "test", "tests")

Identity = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Located:
    """The manifests of one application, its lock files, and the files that may install it."""

    base: str
    manifests: tuple[Manifest, ...] = ()
    locks: tuple[str, ...] = ()
    installing: tuple[str, ...] = ()

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections, in the order of their files."""
        return tuple(section for manifest in self.manifests for section in manifest.sections)


def read(path: str, text: str) -> Manifest | None:
    """Read one manifest; None when the file is none, or is broken."""
    name = path.rpartition("/")[2]
    if name == "pyproject.toml":
        return toml.read(path, Kind.PYPROJECT, text)
    if name == "Pipfile":
        return toml.read(path, Kind.PIPFILE, text)
    if name == "setup.cfg":
        return setup_files.read_cfg(path, text)
    if name == "setup.py":
        return setup_files.read_py(path, text)
    if _is_requirements(path):
        return requirements.read(path, text)
    return None


def speaking_folders(codebase: CodeBase) -> frozenset[str]:
    """The folders that may hold a manifest: another one says what the folder above it says."""
    found: set[str] = set()
    for path in manifest_paths(codebase):
        found |= {folder(path), place_of(path)}
    return frozenset(found)


def manifest_paths(codebase: CodeBase) -> Iterator[str]:
    """All files of the code base that are manifests by their names."""
    for path in codebase.files:
        if path.rpartition("/")[2] in _NAMES or _is_requirements(path):
            yield path


def place_of(path: str) -> str:
    """The folder for which a manifest speaks: of ``requirements/base.txt`` the one above."""
    parent = folder(path)
    is_below = parent.rpartition("/")[2] in _BELOW and _is_requirements(path)
    return folder(parent) if is_below else parent


def _is_requirements(path: str) -> bool:
    parent, _, name = path.rpartition("/")
    if _REQUIREMENTS.fullmatch(name):
        return True
    return parent.rpartition("/")[2] == "requirements" and bool(_IN_FOLDER.fullmatch(name))


def locate(codebase: CodeBase, near: str) -> Located:
    """Find the manifests for the application that holds the module ``near``.

    The nearest folder, from the module's own upwards, whose manifests declare a web framework or
    SQLAlchemy; else the nearest whose manifests declare anything.
    """
    fallback: Located | None = None
    for base in upward(near):
        manifests = _with_includes(codebase, _in(codebase, base))
        names = {
            entry.name for found in manifests for part in found.sections for entry in part.entries
        }
        if not names:
            continue
        located = Located(base, manifests, _locks(codebase, base), _installing(codebase, base))
        if names & TELLING:
            return located
        fallback = fallback or located
    return fallback or Located("", (), (), _installing(codebase, ""))


def _in(codebase: CodeBase, base: str) -> list[Manifest]:
    """The manifests of a folder, and the requirements files of its well-known subfolders."""
    below = {inside(base, name) for name in _BELOW}
    found = []
    for path in codebase.files:
        parent = folder(path)
        if parent == base or (parent in below and _is_requirements(path)):
            manifest = read(path, codebase[path].text)
            if manifest is not None and manifest.sections:
                found.append(manifest)
    return found


def _with_includes(codebase: CodeBase, manifests: list[Manifest]) -> tuple[Manifest, ...]:
    """Add the files that are taken in by ``-r`` and ``-c`` from elsewhere."""
    known = {manifest.path: manifest for manifest in manifests}
    queue = list(manifests)
    while queue:
        manifest = queue.pop()
        if manifest.kind not in {Kind.REQUIREMENTS, Kind.CONSTRAINTS}:
            continue
        text = codebase[manifest.path].text
        named = requirements.constraints(manifest.path, text)
        for path in (*manifest.sections[0].includes, *named):
            if path not in known and path in codebase:
                included = requirements.read(path, codebase[path].text)
                known[path] = included
                queue.append(included)
    return tuple(known[path] for path in sorted(known))


def _locks(codebase: CodeBase, base: str) -> tuple[str, ...]:
    """Lock files beside the manifests, or else (a workspace) in the nearest folder above."""
    for place in upward(inside(base, "x")):
        found = lock_files(codebase, place)
        if found:
            return found
    return ()


def lock_files(codebase: CodeBase, place: str) -> tuple[str, ...]:
    """The lock files in a folder."""
    return tuple(path for name in COMMANDS if (path := inside(place, name)) in codebase)


def _installing(codebase: CodeBase, base: str) -> tuple[str, ...]:
    near = {place_of(path) for path in manifest_paths(codebase)}
    return installs.files(codebase, base, near)


def together(sections: Iterable[Section], start: Section) -> set[Identity]:
    """The sections that are installed where ``start`` is: what it takes in, and what takes it in.

    Of the latter only those that production installs: not the lists for tests.
    """
    everything = list(sections)
    related = _reach(start, everything)
    for section in everything:
        if section.role in {Role.MAIN, Role.OPTIONAL}:
            reached = _reach(section, everything)
            if identity(start) in reached:
                related |= reached
    return related


def identity(section: Section) -> Identity:
    """What tells a section from all others."""
    return section.path, section.key


def _reach(start: Section, sections: list[Section]) -> set[Identity]:
    seen = {identity(start)}
    queue = [start]
    while queue:
        for section in _included(queue.pop(), sections):
            if identity(section) not in seen:
                seen.add(identity(section))
                queue.append(section)
    return seen


def _included(section: Section, sections: list[Section]) -> Iterator[Section]:
    for other in sections:
        if other.path == section.path:
            if f"#{other.key[-1] if other.key else ''}" in section.includes:
                yield other
            if section.role is not Role.MAIN and other.role is Role.MAIN and other.key:
                yield other
        elif other.path in section.includes or (
            other.role is Role.MAIN
            and other.key
            and (folder(other.path) or ".") in section.includes
        ):
            yield other
