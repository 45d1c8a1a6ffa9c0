"""Which SQLAlchemy the application runs on."""

from __future__ import annotations

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.manifests import Declared, declared


class Versions:
    """The versions that the manifests near a module declare; the newest where none does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._declared: dict[str, Declared] = {}

    def below(self, version: str, module: Module) -> bool:
        """Whether the application around a module certainly has an older SQLAlchemy."""
        if module.folder not in self._declared:
            self._declared[module.folder] = declared(self.program.codebase, module.path)
        return self._declared[module.folder].at_least("sqlalchemy", version) is False
