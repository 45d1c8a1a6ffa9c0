"""Which versions the application means, from its own manifests."""

from __future__ import annotations

from functools import cached_property

from packaging.version import Version

from codemods.drivers import DATABASES
from codemods.manifests import Declared, declared, scripts, speaking_folders
from codemods.source import CodeBase


class Versions:
    """Versions and drivers that the manifests near a module declare."""

    def __init__(self, codebase: CodeBase) -> None:
        self.codebase = codebase
        self._declared: dict[str, Declared] = {}

    def declared(self, path: str) -> Declared:
        """What the manifests near the file at ``path`` declare."""
        folder = path.rpartition("/")[0]
        while folder and folder not in self._speaking:
            folder = folder.rpartition("/")[0]
        if folder not in self._declared:
            near = f"{folder}/" if folder else ""
            self._declared[folder] = declared(self.codebase, near)
        return self._declared[folder]

    @cached_property
    def scripts(self) -> tuple[tuple[str, str], ...]:
        """The commands that an installation has: the manifest's folder, ``module:function``."""
        return tuple(scripts(self.codebase))

    @cached_property
    def _speaking(self) -> frozenset[str]:
        """The folders with manifests of their own."""
        return speaking_folders(self.codebase)

    def of(self, name: str, path: str) -> Version | None:
        """The version of a distribution, pinned, locked or least; None where nothing says."""
        found = self.declared(path)
        return found.version(name) or found.minimum(name)

    def at_least(self, name: str, version: str, path: str) -> bool:
        """Whether the application has at least ``version``; the newest where nothing is said."""
        return not self.below(name, version, path)

    def below(self, name: str, version: str, path: str) -> bool:
        """Whether the application certainly has something older than ``version``."""
        return self.declared(path).at_least(name, version) is False

    def databases(self, path: str) -> frozenset[str]:
        """The databases whose drivers the manifests name; empty where they name none."""
        found = self.declared(path)
        return frozenset(
            database.name
            for database in DATABASES
            if any(found.declares(name) for name in database.distributions | database.kept)
        )

    def possible_databases(self, path: str) -> frozenset[str]:
        """The databases that the application can reach with the drivers that it installs.

        SQLite needs none; without any manifest all the common ones are possible.
        """
        found = self.databases(path)
        if found or self.declared(path).manifests:
            return found | {"sqlite"}
        return frozenset(("postgresql", "mysql", "sqlite"))
