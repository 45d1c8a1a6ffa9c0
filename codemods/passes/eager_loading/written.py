"""The edits and imports of each module, as they come together."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from codemods.edits import Action, Edit, FileEdits, Import
from codemods.facts import Program
from codemods.facts.modules import Module


@dataclass
class Written:
    """The edits of one module, collected."""

    edits: list[Edit] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    drops: list[Import] = field(default_factory=list)


class Edits:
    """Collects edits by their module."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.files: dict[str, Written] = {}

    def result(self) -> dict[str, FileEdits]:
        """The edits by path."""
        return {
            path: FileEdits(tuple(w.edits), tuple(dict.fromkeys(w.imports)), tuple(w.drops))
            for path, w in self.files.items()
            if w.edits
        }

    def _add(self, module: Module, node: ast.AST, action: Action) -> None:
        written = self.files.setdefault(module.path, Written())
        written.edits.append(Edit(module.key(node), action))

    def _import(self, module: Module, imports: Iterable[Import]) -> None:
        self.files.setdefault(module.path, Written()).imports.extend(imports)
