"""The libraries and databases that the application runs with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.version import Version

from codemods.drivers import DATABASES
from codemods.manifests import Declared, Note, declared, require
from codemods.passes.streaming_response.reads import LeftError
from codemods.source import CodeBase

#: From this version on, dependencies end when a streamed answer has been sent.
_FASTAPI = "0.118"
_PYDANTIC = "2"


class Environment:
    """What the manifests of an application say that matters for its answers."""

    def __init__(self, codebase: CodeBase) -> None:
        self.codebase = codebase
        self._declared: dict[str, Declared] = {}

    def check(self, path: str) -> None:
        """Raise ``LeftError`` where the libraries of the module at ``path`` are too old."""
        if not self.at_least("fastapi", _FASTAPI, path):
            raise LeftError(
                f"FastAPI below {_FASTAPI} closes the session before a streamed answer is sent"
            )
        package = self._of(path).package("fastapi")
        is_open = package is not None and package.at_least(Version(_FASTAPI)) is None
        if package and is_open and any(bounds.upper for bounds in package.candidates):
            raise LeftError(f"its requirements allow FastAPI below {_FASTAPI}")
        if not self.at_least("pydantic", _PYDANTIC, path):
            raise LeftError("response models of Pydantic 1 are written differently")

    def at_least(self, name: str, version: str, path: str) -> bool:
        """Whether it is ``version`` or newer; a fresh installation takes the newest allowed."""
        return self._of(path).at_least(name, version) is not False

    def runs_on(self, database: str, path: str) -> bool:
        """Whether a driver for the database is declared."""
        found = self._of(path)
        return any(
            found.declares(distribution)
            for known in DATABASES
            if known.name == database
            for distribution in known.distributions
        )

    def required(self, paths: Iterable[str]) -> tuple[Mapping[str, str], list[Note]]:
        """New texts of the manifests, where those around ``paths`` allow a FastAPI too old.

        An older one would send empty answers.
        """
        texts: dict[str, str] = {}
        notes: list[Note] = []
        for path in paths:
            if self._of(path).at_least("fastapi", _FASTAPI):
                continue
            package = self._of(path).package("fastapi")
            extras = f"[{','.join(sorted(package.extras))}]" if package and package.extras else ""
            needed = Requirement(f"fastapi{extras}>={_FASTAPI}")
            found = require(
                self.codebase.with_texts(texts), path, [needed], replace={"fastapi": str(needed)}
            )
            texts |= found.texts
            notes += found.notes
        return texts, list(dict.fromkeys(notes))

    def _of(self, path: str) -> Declared:
        folder = path.rpartition("/")[0]
        if folder not in self._declared:
            self._declared[folder] = declared(self.codebase, path)
        return self._declared[folder]
