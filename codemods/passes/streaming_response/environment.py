"""The libraries and databases that the application runs with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.version import Version

from codemods.drivers import DATABASES
from codemods.facts.versions import Versions
from codemods.manifests import Note, require
from codemods.passes.streaming_response.reads import LeftError

#: From this version on, dependencies end when a streamed answer has been sent.
_FASTAPI = "0.118"
_PYDANTIC = "2"


class Environment(Versions):
    """What the manifests of an application say that matters for its answers."""

    def check(self, path: str) -> None:
        """Raise ``LeftError`` where the libraries of the module at ``path`` are too old."""
        if not self.at_least("fastapi", _FASTAPI, path):
            raise LeftError(
                f"FastAPI below {_FASTAPI} closes the session before a streamed answer is sent"
            )
        package = self.declared(path).package("fastapi")
        is_open = package is not None and package.at_least(Version(_FASTAPI)) is None
        if package and is_open and any(bounds.upper for bounds in package.candidates):
            raise LeftError(f"its requirements allow FastAPI below {_FASTAPI}")
        if not self.at_least("pydantic", _PYDANTIC, path):
            raise LeftError("response models of Pydantic 1 are written differently")

    def runs_on(self, database: str, path: str) -> bool:
        """Whether a driver for the database is declared."""
        found = self.declared(path)
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
            if self.declared(path).at_least("fastapi", _FASTAPI):
                continue
            package = self.declared(path).package("fastapi")
            extras = f"[{','.join(sorted(package.extras))}]" if package and package.extras else ""
            needed = Requirement(f"fastapi{extras}>={_FASTAPI}")
            found = require(
                self.codebase.with_texts(texts), path, [needed], replace={"fastapi": str(needed)}
            )
            texts |= found.texts
            notes += found.notes
        return texts, list(dict.fromkeys(notes))
