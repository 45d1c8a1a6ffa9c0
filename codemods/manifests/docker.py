"""What Dockerfiles say about Python and drivers: it is read and reported, never edited."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from packaging.utils import canonicalize_name
from packaging.version import Version

from codemods.manifests.model import Note
from codemods.manifests.spelling import Spelling

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*\S*?python:(?P<version>\d+\.\d+)", re.I | re.M)
_PIP = re.compile(r"\b(?:pip3?|uv)\s+(?:pip\s+)?(?:install|add)\s+(?P<words>[^;&|]*)")
_APT = re.compile(r"\b(?:libpq-dev|libpq5|postgresql-dev|default-libmysqlclient-dev)\b")


def python_version(text: str) -> Version | None:
    """The version of the official Python image that a Dockerfile builds on."""
    found = _FROM.search(text)
    return Version(found["version"]) if found else None


def report(path: str, text: str, replaced: Collection[str], watched: Collection[str]) -> list[Note]:
    """Notes about the lines that install one of ``watched``, or libraries for ``replaced``."""
    notes = []
    for number, command in _commands(text):
        for found in _PIP.finditer(command):
            names = sorted(_names(found["words"]) & set(watched))
            if names:
                message = f"installs {', '.join(names)} by itself: bring it in line by hand"
                notes.append(Note(path, message, number))
        library = _APT.search(command)
        if library and replaced:
            message = (
                f"installs {library.group()} for {', '.join(sorted(replaced))}, which is replaced; "
                "it may be needless now"
            )
            notes.append(Note(path, message, number))
    return notes


def _names(words: str) -> set[str]:
    spelled = (Spelling.parse(word.strip("\"'")) for word in words.split())
    return {canonicalize_name(spelling.name) for spelling in spelled if spelling}


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """The instructions with the number of their first line, continued lines joined."""
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
