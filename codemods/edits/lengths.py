"""The line length that a project sets for its files."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Mapping
from pathlib import PurePosixPath

from codemods.source import CodeBase

#: The line length where a project does not set one: black's and ruff's.
DEFAULT_LINE_LENGTH = 88


class LineLengths:
    """The line lengths in a code base, by the configuration files nearest to each file."""

    def __init__(self, codebase: CodeBase) -> None:
        self.codebase = codebase
        self.known: dict[PurePosixPath, int] = {}

    def of(self, path: str) -> int:
        """The line length for the file at ``path``."""
        return self._below(PurePosixPath(path).parent)

    def _below(self, folder: PurePosixPath) -> int:
        if folder not in self.known:
            length = self._set_in(folder)
            if length is None:
                top = folder == folder.parent
                length = DEFAULT_LINE_LENGTH if top else self._below(folder.parent)
            self.known[folder] = length
        return self.known[folder]

    def _set_in(self, folder: PurePosixPath) -> int | None:
        text = self._text(folder / "pyproject.toml")
        length = _from_pyproject(text) if text else None
        for name in ("setup.cfg", "tox.ini"):
            if length is None and (text := self._text(folder / name)):
                length = _from_flake8(text)
        return length

    def _text(self, path: PurePosixPath) -> str:
        name = path.as_posix()
        return self.codebase[name].text if name in self.codebase else ""


def _from_pyproject(text: str) -> int | None:
    try:
        tools = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return None
    found = [tools[name] for name in ("black", "ruff") if isinstance(tools.get(name), Mapping)]
    for table in found:
        for key in ("line-length", "line_length"):
            if isinstance(length := table.get(key), int):
                return length
    return DEFAULT_LINE_LENGTH if found else None


def _from_flake8(text: str) -> int | None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
        for key in ("max-line-length", "max_line_length"):
            if parser.has_option("flake8", key):
                return parser.getint("flake8", key)
    except (configparser.Error, ValueError):
        return None
    return None
