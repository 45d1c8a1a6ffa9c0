"""What a manifest declares, and the edits that can be made to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from codemods.manifests.spelling import Spelling

#: Extras that make others needless: any of these says enough about how to install the package.
ENOUGH: Mapping[str, frozenset[str]] = {
    "sqlalchemy": frozenset(
        {
            "aiomysql",
            "aioodbc",
            "aiosqlite",
            "asyncio",
            "asyncmy",
            "postgresql-asyncpg",
        }
    ),
}


class Kind(Enum):
    """The kinds of files that declare dependencies."""

    REQUIREMENTS = "requirements"
    CONSTRAINTS = "constraints"
    PYPROJECT = "pyproject"
    PIPFILE = "pipfile"
    SETUP_CFG = "setup.cfg"
    SETUP_PY = "setup.py"


class Role(Enum):
    """What a group of dependencies is for."""

    MAIN = "main"
    OPTIONAL = "optional"
    TEST = "test"
    DEV = "dev"
    OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """One declared dependency; ``index`` is its place in its section."""

    index: int
    spelling: Spelling
    line: int = 0
    hashed: bool = False
    editable: bool = True

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.spelling.canonical


@dataclass(frozen=True)
class Section:
    """A list of dependencies within a manifest.

    ``key`` says where it stands (("project", "dependencies"), or () for a whole file).
    ``includes`` are other manifests (their paths) or, with a leading ``#``, other groups that it
    takes in. ``locked`` says why no edit may be made here, ``generated`` by which command the
    file was written.
    """

    path: str
    kind: Kind
    key: tuple[str, ...]
    role: Role
    entries: tuple[Entry, ...]
    includes: tuple[str, ...] = ()
    locked: str = ""
    generated: str = ""

    def find(self, name: str) -> Entry | None:
        """The entry of that canonical name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def all(self, name: str) -> tuple[Entry, ...]:
        """All entries of that canonical name (they differ in their markers)."""
        return tuple(entry for entry in self.entries if entry.name == name)

    @property
    def frozen(self) -> bool:
        """Whether it is written as by ``pip freeze``: most pinned, and nothing without a limit."""
        pinned = sum(entry.spelling.pinned for entry in self.entries)
        limited = all(entry.spelling.limited for entry in self.entries)
        return len(self.entries) > 2 and limited and 2 * pinned > len(self.entries)

    @property
    def ordered(self) -> bool:
        """Whether the names stand in alphabetical order."""
        names = [entry.spelling.name.lower() for entry in self.entries]
        canonical = [entry.name for entry in self.entries]
        return len(names) > 2 and (names == sorted(names) or canonical == sorted(canonical))


@dataclass(frozen=True)
class Manifest:
    """A file that declares dependencies."""

    path: str
    kind: Kind
    sections: tuple[Section, ...]
    requires_python: SpecifierSet | None = None


@dataclass(frozen=True)
class AddExtras:
    """Ask for more extras of the entry at ``index``."""

    index: int
    extras: tuple[str, ...]


@dataclass(frozen=True)
class Swap:
    """Put ``requirement`` where the entry at ``index`` stands."""

    index: int
    requirement: Requirement


@dataclass(frozen=True)
class Remove:
    """Take out the entry at ``index``."""

    index: int


@dataclass(frozen=True)
class Insert:
    """Put ``requirement`` before the entry at ``index``; at the end where there is none."""

    index: int
    requirement: Requirement


Edit = AddExtras | Swap | Remove | Insert


@dataclass(frozen=True)
class Note:
    """Something that a person has to know or to do: ``command`` does it, if one can."""

    path: str
    message: str
    line: int = 1
    command: str = ""


@dataclass(frozen=True)
class ManifestEdits:
    """New texts of manifests, what was changed in words, and notes about the rest.

    ``others`` are notes about lists of which it is not known whose they are: they are void where
    such a list is edited for another application.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    others: tuple[Note, ...] = ()
