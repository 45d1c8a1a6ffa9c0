"""The modules that the application gets, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.spellings import spelling
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
        return spelling(self.program, module, self.folder, self.name)
