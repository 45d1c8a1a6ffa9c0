"""The commands that an installation puts on the path, and the functions behind them."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from codemods.manifests.paths import folder
from codemods.source import CodeBase

#: Where pyproject.toml has tables of commands.
_TABLES = (
    ("project", "scripts"),
    ("project", "gui-scripts"),
    ("tool", "poetry", "scripts"),
    ("tool", "flit", "scripts"),
    ("tool", "pdm", "scripts"),
)
#: ``clinic = clinic.cli:main`` of ``setup.cfg`` and ``setup.py``.
_LINE = re.compile(r"\s*[\w.-]+\s*=\s*(?P<target>[\w.]+\s*:\s*[\w.]+)")


def scripts(codebase: CodeBase) -> Iterator[tuple[str, str]]:
    """Each command as ``module:function``, with the folder of the manifest that names it."""
    for file in codebase:
        match file.path.rpartition("/")[2]:
            case "pyproject.toml":
                targets = _of_toml(file.text)
            case "setup.cfg":
                targets = _of_cfg(file.text)
            case "setup.py":
                targets = _of_setup(file.text)
            case _:
                continue
        for target in targets:
            yield folder(file.path), target


def _of_toml(text: str) -> Iterator[str]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for table in _TABLES:
        value: Any = document
        for key in table:
            value = value.get(key) if isinstance(value, Mapping) else None
        for target in value.values() if isinstance(value, Mapping) else ():
            if isinstance(target, Mapping):
                target = target.get("reference") or target.get("callable") or target.get("call")
            if isinstance(target, str) and ":" in target:
                yield target.partition("(")[0].partition("[")[0].strip()


def _of_cfg(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
        value = parser.get("options.entry_points", "console_scripts", fallback="")
    except configparser.Error:
        return
    for line in value.splitlines():
        if found := _LINE.match(line):
            yield found["target"].replace(" ", "")


def _of_setup(text: str) -> Iterator[str]:
    if "console_scripts" not in text:
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for line in node.value.splitlines():
                if found := _LINE.fullmatch(line.strip()):
                    yield found["target"].replace(" ", "")
