"""The names under which a module knows ``select`` and its like, and the imports that they need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from codemods.edits import Import
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Scope
from codemods.facts.values import External
from codemods.passes.modern_queries.table import IMPORTS

_MARKER = re.compile(r"<(\w+)>")

#: What 2.0's functions are called by in the facts, wherever they are imported from.
_MEANINGS = {name: (f"{module}.{name}", f"sqlmodel.{name}") for name, module in IMPORTS.items()}


class Names:
    """Finds or makes names in one module."""

    def __init__(self, program: Program, module: Module) -> None:
        self.program = program
        self.module = module
        self.imports: dict[str, Import] = {}
        self._known: dict[str, str] = {}
        self.libraries: dict[str, str] = IMPORTS

    def filled(self, template: str, elsewhere: Mapping[str, str] | None = None) -> str:
        """A template with its ``<select>`` markers replaced by names of this module.

        ``elsewhere`` are names that this application has to import from another module.
        """
        self.libraries = IMPORTS | dict(elsewhere or {})
        return _MARKER.sub(lambda match: self.name(str(match[1])), template)

    def saved(self) -> tuple[dict[str, Import], dict[str, str]]:
        """The names that were asked for so far."""
        return dict(self.imports), dict(self._known)

    def restore(self, state: tuple[dict[str, Import], dict[str, str]] | None) -> None:
        """Forget the names that were asked for since."""
        self.imports, self._known = state or ({}, {})

    def name(self, wanted: str) -> str:
        """The expression that means ``wanted`` in this module."""
        found = self._known.get(wanted)
        if found is None:
            found = self._known[wanted] = self._find(wanted)
        return found

    def _find(self, wanted: str) -> str:
        module = self.module
        aliases: set[str] = module.syntax.aliases.get(wanted, set())
        for name in (wanted, *sorted(aliases)):
            if self._means(name, wanted) and not self._shadowed(name):
                return name
        prefixes = () if self._imports_from(self.libraries[wanted]) else module.scope.bindings
        for prefix in prefixes:
            found = self.program.inference.name(prefix, module.scope)
            is_package = External("sqlalchemy") in found and self.libraries[wanted] == "sqlalchemy"
            if is_package and not self._shadowed(prefix):
                return f"{prefix}.{wanted}"
        taken = self._taken(wanted)
        alias = f"sql_{wanted.lower()}" if taken else ""
        self.imports[wanted] = Import(self.libraries[wanted], wanted, alias)
        return alias or wanted

    def _imports_from(self, library: str) -> bool:
        """Whether the module has a ``from library import ...`` to which a name can be added."""
        return any(
            isinstance(node, ast.ImportFrom) and node.module == library and not node.level
            for node in self.module.tree.body
        )

    def _means(self, name: str, wanted: str) -> bool:
        scope = self.module.scope
        if name not in scope.bindings and not scope.star_imports:
            return False
        values = self.program.inference.name(name, scope)
        return bool(values) and all(
            isinstance(value, External) and value.name in _MEANINGS[wanted] for value in values
        )

    def _shadowed(self, name: str) -> bool:
        """Whether any scope within the module binds the name to something else."""
        return any(name in scope.bindings for scope in self._inner_scopes())

    def _taken(self, name: str) -> bool:
        if name in self.module.scope.bindings or self._shadowed(name):
            return True
        return bool(self.module.scope.star_imports) and bool(
            self.program.inference.name(name, self.module.scope)
        )

    def _inner_scopes(self) -> Iterator[Scope]:
        """The scopes within the module; a class body hides nothing from its methods."""
        syntax = self.module.syntax
        yield from syntax.functions.values()
        for scope in set(syntax.scopes.values()):
            if not scope.is_module and not scope.is_class:
                yield scope
