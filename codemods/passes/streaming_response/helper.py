"""The modules that the application gets, and the names by which its modules import them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.passes.streaming_response import helper_texts
from codemods.passes.streaming_response.reads import LeftError


@dataclass(frozen=True)
class Helper:
    """A module that applications get: its name, and its text."""

    module: str
    text: str


ARRAY = Helper("json_stream", helper_texts.ARRAY)
LINES = Helper("json_lines", helper_texts.LINES)
TEXT = Helper("text_stream", helper_texts.TEXT)
FILE = Helper("file_stream", helper_texts.FILE)
KEPT = Helper("kept_rows", helper_texts.KEPT)
OWN = Helper("own_session", helper_texts.OWN)


def top_of(module: Module, program: Program) -> Module:
    """The outermost package that a module is in, or the module itself where it is in none."""
    found, folder = module, module.folder
    while folder and (package := program.modules.get(f"{folder}/__init__.py")) is not None:
        found, folder = package, folder.rpartition("/")[0]
    return found


class Placement:
    """Where the helper stands, in the folder of ``anchor``, and how others import it."""

    def __init__(self, program: Program, anchor: Module, helper: Helper) -> None:
        self.program = program
        self.folder = anchor.folder
        self.helper = helper
        self.name = helper.module
        self.path = f"{anchor.folder}/{helper.module}.py".lstrip("/")

    @property
    def is_free(self) -> bool:
        """Whether the path holds nothing, or the helper of an earlier run."""
        files = self.program.codebase.files
        return self.path not in files or files[self.path].text == self.helper.text

    def check(self, module: Module) -> None:
        """Raise ``LeftError`` where the helper can't be written, or imported by ``module``."""
        if not self.is_free:
            raise LeftError(f"{self.path} holds something else")
        if self.spelling(module) is None:
            raise LeftError(f"how it would import {self.path} is not known")

    def spelling(self, module: Module) -> str | None:
        """The dotted name by which ``module`` imports the helper; None where that is not known."""
        roots = set()
        for name, target in _imported(module, self.program):
            if target.folder == self.folder and not name.endswith("."):
                stem = name if target.is_package else name.rpartition(".")[0]
                dots = "." * (len(name) - len(name.lstrip(".")))
                if not target.is_package and not stem.strip("."):
                    return f"{dots}{self.name}"
                return f"{stem}.{self.name}"
            if target.folder == self.folder:
                return f"{name}{self.name}"
            roots |= _roots(name, target)
        if module.folder == self.folder == "":
            return self.name
        if found := self._from_root(roots) or self._as_others():
            return found
        is_package = f"{self.folder}/__init__.py" in self.program.codebase.files
        return f".{self.name}" if module.folder == self.folder and is_package else None

    def _as_others(self) -> str | None:
        """By the ways in which the other modules of the program are imported."""
        roots: set[str] = set()
        for other in self.program.modules.mentioning((self.folder.rpartition("/")[2],)):
            for name, target in _imported(other, self.program):
                roots |= _roots(name, target)
        return self._from_root(roots)

    def _from_root(self, roots: set[str]) -> str | None:
        """The absolute name, seen from the one folder that imports start in."""
        fitting = {
            root for root in roots if f"{self.folder}/".startswith(f"{root}/" if root else "")
        }
        if len(fitting) != 1:
            return None
        inner = self.folder.removeprefix(fitting.pop()).strip("/")
        return ".".join([*filter(None, inner.split("/")), self.name])


def _imported(module: Module, program: Program) -> Iterator[tuple[str, Module]]:
    """The imports of modules of the code base, with the dots of relative ones."""
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.ImportFrom):
            target = program.modules.resolve(module, statement.module or "", statement.level)
            if target is not None:
                yield "." * statement.level + (statement.module or ""), target
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                target = program.modules.resolve(module, alias.name, 0)
                if target is not None:
                    yield alias.name, target


def _roots(name: str, target: Module) -> set[str]:
    """The folder that an absolute import starts in."""
    if name.startswith("."):
        return set()
    stem = target.path.removesuffix(".py").removesuffix("/__init__")
    tail = name.replace(".", "/")
    if stem != tail and not stem.endswith("/" + tail):
        return set()
    return {stem[: len(stem) - len(tail)].rstrip("/")}
