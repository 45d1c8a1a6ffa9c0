"""Installations outside of manifests: Dockerfiles, CI, compose files, scripts, tox and nox."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from codemods.manifests.paths import folder, upward
from codemods.manifests.spelling import Spelling
from codemods.source import CodeBase

#: Where CI keeps its files: they speak for the folder above.
_CI = (".github", ".circleci", ".buildkite", ".gitlab", ".devcontainer")
#: The files, by the patterns of their names, that may install something.
_SHELL = (
    "*dockerfile*",
    "*containerfile*",
    "*compose*.yml",
    "*compose*.yaml",
    ".gitlab-ci.yml",
    ".travis.yml",
    "azure-pipelines*.yml",
    "bitbucket-pipelines.yml",
    "cloudbuild*.yaml",
    "makefile",
    "procfile",
    "*.sh",
)
_COMMAND = re.compile(
    r"\b(?:(?:pip(?:3(?:\.\d+)?)?|pipx|uv\s+pip|conda|mamba)\s+install|(?:uv|poetry|pdm)\s+add"
    r"|pipenv\s+install|poetry\s+install|pdm\s+(?:install|sync)|uv\s+(?:sync|run)|pip-sync)\b"
    r"(?P<words>[^;&|]*)"
)
#: Commands that install what a manifest declares, whatever stands behind them.
_BY_MANIFEST = re.compile(
    r"(?:poetry\s+install|pdm\s+(?:install|sync)|uv\s+(?:sync|run)|pip-sync)\b"
)
_FROM_FILE = re.compile(
    r"(?:-r|--requirement|-e|--editable)\b.*|\.{1,2}(?:[/\[].*)?|.*requirements.*"
)
_ITEM = re.compile(r"\s*-\s+(?P<text>[^#]*)")
_CONDA = re.compile(r"(?<![<>=!~])=(?!=)")
_SECTION = re.compile(r"\s*\[(?P<name>[^\]]+)\]")
_DEPS = re.compile(r"deps\s*=(?P<text>.*)")


@dataclass(frozen=True)
class Install:
    """A command, or a list, that installs: what it names, and whether a manifest says more."""

    line: int
    spellings: tuple[Spelling, ...]
    by_manifest: bool = False


def files(codebase: CodeBase, base: str, near: Iterable[str]) -> tuple[str, ...]:
    """The files that may install the application of the folder ``base``.

    They stand beside its manifests, above them, or below, where no other of the folders ``near``
    has manifests.
    """
    above = frozenset(upward(f"{base}/x" if base else "x"))
    others = frozenset(near) - {base}
    found = []
    for path in codebase.files:
        place = _place(path)
        if place is None:
            continue
        nearest = next((one for one in upward(f"{place}/x") if one == base or one in others), None)
        if place in above or nearest == base:
            found.append(path)
    return tuple(found)


def _place(path: str) -> str | None:
    """The folder for which a file installs something; None where it is no such file."""
    parent, name = folder(path), path.rpartition("/")[2].lower()
    parts = parent.split("/")
    for hidden in _CI:
        if hidden in parts and name.endswith((".yml", ".yaml", ".sh")):
            return "/".join(parts[: parts.index(hidden)])
    known = name in {"tox.ini", "noxfile.py"} or fnmatch(name, "environment*.y*ml")
    return parent if known or any(fnmatch(name, pattern) for pattern in _SHELL) else None


def installs(path: str, text: str) -> list[Install]:
    """What a file installs, by its own words."""
    name = path.rpartition("/")[2].lower()
    if name == "tox.ini":
        return list(_of_tox(text))
    if name == "noxfile.py":
        return list(_of_nox(text))
    if name.startswith("environment"):
        return list(_of_conda(text))
    return list(_of_shell(text))


def commands(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a shell's commands with their numbers, continued ones joined."""
    command, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        first = first if command else number
        command += line.rstrip().removesuffix("\\") + " "
        if not line.rstrip().endswith("\\"):
            yield first, command
            command = ""
    if command:
        yield first, command


def _of_shell(text: str) -> Iterator[Install]:
    for number, command in commands(text):
        for found in _COMMAND.finditer(command):
            words = [word.strip("\"'`,") for word in found["words"].split()]
            by_manifest = bool(_BY_MANIFEST.match(found.group()))
            yield _install(number, [] if by_manifest else words, by_manifest=by_manifest)


def _install(line: int, words: Iterable[str], *, by_manifest: bool = False) -> Install:
    spellings = []
    for word in words:
        if _FROM_FILE.fullmatch(word):
            by_manifest = True
        elif spelling := Spelling.parse(word):
            spellings.append(spelling)
    return Install(line, tuple(spellings), by_manifest)


def _of_tox(text: str) -> Iterator[Install]:
    """The lists ``deps`` of the environments; the project itself is installed beside them."""
    section, start, words = "", 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if found := _SECTION.match(line):
            section = found["name"]
        key = _DEPS.match(line)
        if start and not line[:1].isspace() and line.strip():
            yield _install(start, words)
            start, words = 0, []
        if key and section.startswith("testenv"):
            start, words = number, []
        if start:
            item = key["text"] if key else line
            # ``py311: psycopg2`` is asked for in some of the environments only.
            words += [item.partition("#")[0].rpartition(": ")[2].strip()]
    if start:
        yield _install(start, words)


def _of_nox(text: str) -> Iterator[Install]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = [
                argument.value
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            if node.func.attr == "install" or words[:2] == ["pip", "install"]:
                yield _install(node.lineno, words)


def _of_conda(text: str) -> Iterator[Install]:
    """The list of a conda environment: its own packages, and those of pip."""
    lines = [
        (number, found["text"].strip().strip("\"'"))
        for number, line in enumerate(text.splitlines(), 1)
        if (found := _ITEM.match(line))
    ]
    if lines:
        yield _install(lines[0][0], [_CONDA.sub("==", words) for _, words in lines])
