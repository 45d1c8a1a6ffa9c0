"""Which SQLAlchemy the application runs on."""

from __future__ import annotations

import re

from codemods.facts import Program

_PIN = re.compile(r"(?im)^\s*\"?sqlalchemy(?:\[[^\]]*\])?\s*(?:==|~=|<=?)\s*\"?(\d+(?:\.\d+)*)")
_LOCK = re.compile(r'(?im)^name = "sqlalchemy"\nversion = "(\d+(?:\.\d+)*)')

#: The version that is meant where the application does not say.
NEWEST = (2, 1)


def sqlalchemy_version(program: Program) -> tuple[int, ...]:
    """The version of SQLAlchemy that the code base asks for."""
    for file in program.codebase:
        if file.path.endswith((".txt", ".in", ".lock", "pyproject.toml", "Pipfile")):
            match = _PIN.search(file.text) or _LOCK.search(file.text)
            if match is not None:
                return tuple(int(part) for part in match[1].split("."))
    return NEWEST


def has_scalars(version: tuple[int, ...]) -> bool:
    """Whether sessions have ``scalars()``."""
    return version >= (1, 4, 24) or version in ((1,), (1, 4))
