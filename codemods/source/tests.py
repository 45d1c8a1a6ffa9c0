"""Which files are the application's tests, by their paths."""

from __future__ import annotations

_FOLDERS = frozenset(("tests", "test", "testing"))


def is_test_path(path: str) -> bool:
    """Whether a file belongs to the tests: by its name, or by a folder that it is in."""
    *folders, name = path.split("/")
    return (
        name.startswith("test_")
        or name.endswith("_test.py")
        or name in ("conftest.py", "tests.py")
        or not _FOLDERS.isdisjoint(folders)
    )
