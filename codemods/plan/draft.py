"""A draft of edits: gathered file by file while a plan is made, then handed to the editor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from codemods.edits.actions import Action, Edit, FileEdits, Import, Origin
from codemods.facts.modules import Module
from codemods.facts.syntax import Function


@dataclass
class _File:
    edits: list[Edit] = field(default_factory=list)
    add: dict[Import, None] = field(default_factory=dict)
    drop: dict[Import, None] = field(default_factory=dict)
    after_imports: list[str] = field(default_factory=list)
    append: list[str] = field(default_factory=list)
    because: dict[tuple[Import | str, Origin], None] = field(default_factory=dict)


class Draft:
    """The edits of one pass, by file."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._done: set[tuple[ast.AST, Action]] = set()
        self._because: tuple[Origin, ...] = ()

    @contextmanager
    def because(self, *origins: Origin) -> Iterator[None]:
        """Say what asks for all that is drafted within; else that is what was decided there."""
        outer, self._because = self._because, origins
        try:
            yield
        finally:
            self._because = outer

    def _say(self, module: Module, what: Import | str) -> None:
        self._file(module).because |= dict.fromkeys((what, origin) for origin in self._because)

    def _file(self, module: Module) -> _File:
        return self._files.setdefault(module.path, _File())

    def edit(self, module: Module, node: ast.AST, action: Action) -> None:
        """Do ``action`` to ``node``; asking twice for the same does it once."""
        if (node, action) in self._done:
            return
        self._done.add((node, action))
        self._file(module).edits.append(Edit(module.key(node), action, self._because))

    def done(self, node: ast.AST, action: Action) -> bool:
        """Whether that was asked for already."""
        return (node, action) in self._done

    def add_import(self, module: Module, source: str, name: str = "", alias: str = "") -> str:
        """Import a name into ``module``; gives the name to use there."""
        one = Import(source, name, alias)
        self._file(module).add[one] = None
        self._say(module, one)
        return alias or name or source

    def means_another(self, module: Module, source: str, name: str, used: str) -> bool:
        """Whether an import that is added calls something else by the name ``used``."""
        return any(
            used == (one.alias or one.name) and (one.module, one.name) != (source, name)
            for one in self._file(module).add
        )

    def name_for(self, module: Module, source: str, name: str) -> str:
        """Import a name; gives the one to use: another one, where the module has that name.

        What a function calls so (a parameter, a variable) would hide the import there.
        """
        added = self._file(module).add
        for one in added:
            if (one.module, one.name) == (source, name):
                return one.alias or one.name
        taken = any(name in (one.alias, one.name) for one in added if one.name != one.alias)
        taken = taken or not _free(module, source, name)
        return self.add_import(module, source, name, _other(source, name) if taken else "")

    def drop_import(self, module: Module, source: str, name: str = "") -> None:
        """Drop an import, if nothing uses its name afterwards."""
        one = Import(source, name)
        self._file(module).drop[one] = None
        self._say(module, one)

    def append(self, module: Module, statements: str) -> None:
        """Put statements at the end of a module."""
        self._file(module).append.append(statements)
        self._say(module, statements)

    def after_imports(self, module: Module, statements: str) -> None:
        """Put statements behind the imports of a module."""
        lines = self._file(module).after_imports
        if statements not in lines:
            lines.append(statements)
        self._say(module, statements)

    def files(self) -> dict[str, FileEdits]:
        """What the editor is given."""
        return {
            path: FileEdits(
                tuple(file.edits),
                tuple(file.add),
                # What one part adds stays, though another part needs it no more.
                tuple(one for one in file.drop if one not in file.add),
                tuple(file.after_imports),
                tuple(file.append),
                tuple(file.because),
            )
            for path, file in self._files.items()
        }


def origin_of(module: Module, node: ast.AST, why: str = "") -> Origin:
    """A place in a module as what asks for an edit."""
    function = module.function_of(node)
    return Origin(
        module.path, getattr(node, "lineno", 1), function.qualname if function else "", why
    )


def function_origin(function: Function) -> Origin:
    """What becomes of a function as what asks for an edit elsewhere."""
    return Origin(function.module.path, function.definition.lineno, function.qualname)


def _free(module: Module, source: str, name: str) -> bool:
    """Whether a module calls nothing by a name, or only what it would be imported as."""
    bindings = list(module.scope.bindings.get(name, ()))
    for scope in (*module.functions.values(), *module.classes.values()):
        bindings += scope.bindings.get(name, ())
    for binding in bindings:
        statement = module.parent(binding.node)
        alias = binding.node
        if not (
            isinstance(statement, ast.ImportFrom)
            and isinstance(alias, ast.alias)
            and (statement.module, alias.name) == (source, name)
        ):
            return False
    return True


def _other(source: str, name: str) -> str:
    """Another name for an import: with its package in front."""
    package = source.partition(".")[0]
    proper = {"sqlalchemy": "SQLAlchemy", "sqlmodel": "SQLModel"}
    if name[:1].isupper():
        return f"{proper.get(package, package.capitalize())}{name}"
    return f"{package}_{name}"
