"""Which versions an application asks for, and which it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from codemods.manifests import docker, locks
from codemods.manifests.locate import locate
from codemods.manifests.model import Entry, Kind, Role, Section
from codemods.manifests.spelling import Bounds
from codemods.source import CodeBase


@dataclass(frozen=True)
class Place:
    """Where something is declared: a file, a line and what the list is for."""

    path: str
    line: int
    role: Role


@dataclass(frozen=True)
class Package:
    """What is known of one distribution.

    Each of ``candidates`` is a range that may hold (several where markers or files disagree);
    ``locked`` is the version of a lock file. ``implied`` tells that no manifest names it: the
    range follows from another package.
    """

    name: str
    candidates: tuple[Bounds, ...] = ()
    extras: frozenset[str] = frozenset()
    locked: Version | None = None
    places: tuple[Place, ...] = ()
    implied: bool = False

    @property
    def version(self) -> Version | None:
        """The one version that is installed, if that is known."""
        if self.locked is not None:
            return self.locked
        exact = {bounds.exact for bounds in self.candidates}
        return exact.pop() if len(exact) == 1 else None

    @property
    def minimum(self) -> Version | None:
        """The oldest version that may be installed, if that is known."""
        if self.locked is not None:
            return self.locked
        lowers = [bounds.lower for bounds in self.candidates]
        known = [lower for lower in lowers if lower is not None]
        return min(known) if known and len(known) == len(lowers) else None

    def at_least(self, version: Version) -> bool | None:
        """Whether it is ``version`` or newer; None when that is open."""
        if self.locked is not None:
            return self.locked >= version
        answers = {bounds.at_least(version) for bounds in self.candidates}
        return answers.pop() if len(answers) == 1 else None


@dataclass(frozen=True)
class Declared:
    """What the manifests and lock files say about the application around a module."""

    manifests: tuple[str, ...] = ()
    lock_files: tuple[str, ...] = ()
    packages: Mapping[str, Package] = field(default_factory=dict)
    requires_python: SpecifierSet | None = None
    image_python: Version | None = None

    def package(self, name: str) -> Package | None:
        """What is known of a distribution, in whatever spelling of its name."""
        return self.packages.get(canonicalize_name(name))

    def declares(self, name: str, *, main: bool = False) -> bool:
        """Whether a manifest names it itself; with ``main``, one that production installs."""
        package = self.package(name)
        roles = {Role.MAIN, Role.OPTIONAL} if main else set(Role)
        return package is not None and any(place.role in roles for place in package.places)

    def version(self, name: str) -> Version | None:
        """The locked or pinned version."""
        package = self.package(name)
        return package.version if package else None

    def minimum(self, name: str) -> Version | None:
        """The oldest version that may be installed."""
        package = self.package(name)
        return package.minimum if package else None

    def at_least(self, name: str, version: str) -> bool | None:
        """Whether ``version`` or newer is installed; None when that is not known."""
        package = self.package(name)
        return package.at_least(Version(version)) if package else None

    def decisive(self, name: str, boundary: str) -> Version | None:
        """The version to decide by: the installed one, or the oldest that may be.

        None, for the newest, where some of the allowed versions are older than ``boundary`` and
        some are not: a fresh installation takes the newest.
        """
        if self.at_least(name, boundary) is None:
            return None
        return self.version(name) or self.minimum(name)

    def python_at_least(self, version: str) -> bool | None:
        """Whether the application runs on this Python or newer ones only; None when not known."""
        if self.requires_python is not None:
            return Bounds.of(self.requires_python).at_least(Version(version))
        if self.image_python is not None:
            return self.image_python >= Version(version)
        return None


#: What one package's version says of another's: (package, first version, other, range from it
#: on, range before it).
_IMPLIED: Sequence[tuple[str, str, str, str, str]] = (
    ("sqlmodel", "0.0.12", "sqlalchemy", ">=2.0", ">=1.4.17,<2.0"),
    ("sqlmodel", "0.0.14", "pydantic", "", "<2"),
    ("fastapi", "0.100", "pydantic", "", "<2"),
)


def declared(codebase: CodeBase, near: str) -> Declared:
    """Read the manifests and lock files of the application that holds the module ``near``."""
    located = locate(codebase, near)
    locked: dict[str, Version] = {}
    for path in located.locks:
        for name, version in locks.versions(path, codebase[path].text).items():
            locked[name] = min(version, locked.get(name, version))
    entries: dict[str, list[tuple[Section, Entry]]] = {}
    for section in located.sections:
        for entry in section.entries:
            entries.setdefault(entry.name, []).append((section, entry))
    packages = {
        name: replace(_package(name, entries.get(name, ())), locked=locked.get(name))
        for name in sorted({*entries, *locked})
    }
    images = (docker.python_version(codebase[path].text) for path in located.installing)
    pythons = (manifest.requires_python for manifest in located.manifests)
    return Declared(
        tuple(manifest.path for manifest in located.manifests),
        located.locks,
        _with_implied(packages),
        next((python for python in pythons if python is not None), None),
        next((image for image in images if image is not None), None),
    )


def _package(name: str, found: Sequence[tuple[Section, Entry]]) -> Package:
    own = [pair for pair in found if pair[0].kind is not Kind.CONSTRAINTS]
    main = [pair for pair in own if pair[0].role in {Role.MAIN, Role.OPTIONAL}] or own
    limits = [pair for pair in found if pair[0].kind is Kind.CONSTRAINTS]
    by_section: dict[tuple[str, tuple[str, ...]], list[Bounds]] = {}
    for section, entry in main + limits:
        bounds = Bounds.of(entry.spelling.specifier)
        by_section.setdefault((section.path, section.key), []).append(bounds)
    return Package(
        name,
        tuple(dict.fromkeys(_combined(list(by_section.values())))),
        frozenset(extra for _, entry in own for extra in entry.spelling.extra_names),
        None,
        tuple(Place(section.path, entry.line, section.role) for section, entry in own),
    )


def _combined(groups: list[list[Bounds]]) -> list[Bounds]:
    """The ranges that hold where every section has its say: pins win over ranges."""
    exact = [bounds for group in groups for bounds in group if bounds.exact is not None]
    if exact:
        return exact
    result = [Bounds()] if groups else []
    for group in groups:
        result = [left.within(right) for left in result for right in group]
    return result


def _with_implied(packages: dict[str, Package]) -> dict[str, Package]:
    result = dict(packages)
    for name, first, other, since, before in _IMPLIED:
        package = result.get(name)
        if package is None or (other in packages and other != name):
            continue
        newer = package.at_least(Version(first))
        if newer is None and not any(bounds.upper for bounds in package.candidates):
            newer = True
        text = since if newer else before if newer is False else ""
        if text:
            known = result.get(other) or Package(other, (Bounds(),), implied=True)
            bounds = Bounds.of(SpecifierSet(text))
            candidates = tuple(candidate.within(bounds) for candidate in known.candidates)
            result[other] = replace(known, candidates=candidates)
    return result
