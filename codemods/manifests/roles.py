"""What files and groups of dependencies are for, told from their names."""

from __future__ import annotations

import re

from codemods.manifests.model import Role

_TEST = frozenset({"pytest", "test", "testing", "tests", "unittest", "unittests"})
_DEV = frozenset({"dev", "devel", "develop", "development", "local"})
_OTHER = frozenset(
    {
        "bench",
        "benchmark",
        "build",
        "ci",
        "deploy",
        "doc",
        "docs",
        "documentation",
        "flake8",
        "format",
        "lint",
        "linting",
        "mypy",
        "notebook",
        "notebooks",
        "style",
        "type",
        "types",
        "typing",
    }
)


def _role(words: set[str], default: Role) -> Role:
    for names, role in ((_TEST, Role.TEST), (_DEV, Role.DEV), (_OTHER, Role.OTHER)):
        if words & names:
            return role
    return default


def group_role(name: str) -> Role:
    """The role of a group or an extra of that name."""
    return _role(set(re.split(r"[^a-z0-9]+", name.lower())), Role.OPTIONAL)


def file_role(path: str) -> Role:
    """The role of a requirements file at that path."""
    parts = path.lower().rsplit("/", 2)
    words = set(re.split(r"[^a-z0-9]+", parts[-1].rpartition(".")[0]))
    if len(parts) > 1 and parts[-2] != "requirements":
        words |= {parts[-2]} & (_TEST | _OTHER)
    return _role(words, Role.MAIN)
