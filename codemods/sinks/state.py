"""The folder ``.looplift_cache`` at the root of a code base: it ignores itself in git."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

#: The name of the folder.
FOLDER = ".looplift_cache"


def state_folder(root: Path, *, create: bool = True) -> Path | None:
    """The folder, or None where there is none and none can be made (or it is a link)."""
    folder = root / FOLDER
    try:
        if create and not os.path.lexists(folder):
            folder.mkdir()
            write_atomically(folder / ".gitignore", b"# Made by looplift.\n*\n")
        return folder if stat.S_ISDIR(folder.lstat().st_mode) else None
    except OSError:
        return None


def write_atomically(location: Path, data: bytes) -> None:
    """Write a file whole or not at all, and onto the disk."""
    handle, name = tempfile.mkstemp(dir=location.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(location)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Put the entries of a folder onto the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
