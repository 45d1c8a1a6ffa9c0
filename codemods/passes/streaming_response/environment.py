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
#: From this version on, Pydantic writes the JSON of a response model, and NaN as ``null``.
_WRITTEN_BY_PYDANTIC = "0.130"
#: The first with Pydantic 2.
_OLDEST = "0.100"
_PYDANTIC = "2"


class Environment(Versions):
    """What the manifests of an application say that matters for its answers."""

    def check_json(self, path: str) -> None:
        """Raise ``LeftError`` where the libraries write JSON in other ways."""
        if not self.at_least("fastapi", _OLDEST, path) or not self.at_least(
            "pydantic", _PYDANTIC, path
        ):
            raise LeftError("response models of Pydantic 1 are written differently")

    def ends_early(self, path: str) -> bool:
        """Whether the session of a request can be closed before a streamed answer is sent."""
        found = self.declared(path)
        if not self.at_least("fastapi", _FASTAPI, path):
            return True
        package = found.package("fastapi")
        is_open = package is not None and package.at_least(Version(_FASTAPI)) is None
        return bool(package and is_open and any(bounds.upper for bounds in package.candidates))

    def refuses_nan(self, path: str, *, has_model: bool) -> bool:
        """Whether a number that JSON has not (NaN, infinity) can be an error."""
        if not has_model:
            return True
        declares = self.declared(path).package("fastapi") is not None
        return declares and self.declared(path).at_least("fastapi", _WRITTEN_BY_PYDANTIC) is False

    def runs_on(self, database: str, path: str) -> bool:
        """Whether a driver for the database is declared, a sync one or an async one."""
        found = self.declared(path)
        return any(
            found.declares(distribution)
            for known in DATABASES
            if known.name == database
            for distribution in (*known.distributions, *known.kept, *known.drivers)
        )

    def required(self, paths: Iterable[str]) -> tuple[Mapping[str, str], list[Note]]:
        """New texts of the manifests, where those around ``paths`` allow a FastAPI too old.

        An older one would send empty answers.
        """
        texts: dict[str, str] = {}
        notes: list[Note] = []
        for path in paths:
            if self.ends_early(path) or self.declared(path).at_least("fastapi", _FASTAPI):
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
