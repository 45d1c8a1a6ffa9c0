"""What an apply is about to do, on disk, so that the next run can finish it or take it back."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from codemods.errors import UserError
from codemods.sinks.state import state_folder, sync_folder, write_atomically

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]

_JOURNAL = "journal.json"
_LOCK = "lock"
_BESIDE = re.compile(r"\.looplift-[0-9a-f]{16}-\d+\.(new|old)")

#: How far an apply has come.
STAGING, COMMITTING, REVERTING = "staging", "committing", "reverting"


@dataclass(frozen=True)
class Entry:
    """One file: its path, its new content beside it, its old content beside it ("" if new)."""

    path: str
    staged: str
    backup: str
    old_digest: str
    new_digest: str


@dataclass(frozen=True)
class Journal:
    """All files of one apply, the folders that it makes, and how far it has come."""

    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    state: str = STAGING

    def at(self, state: str) -> Journal:
        """The same journal, further on."""
        return replace(self, state=state)


def digest(data: bytes) -> str:
    """The hash by which contents are compared."""
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Nobody else applies below ``root`` meanwhile."""
    folder = _folder(root)
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UserError(f"another looplift is writing in {root}") from error
        yield
    finally:
        os.close(handle)


def write(root: Path, journal: Journal) -> None:
    """Put the journal onto the disk."""
    folder = _folder(root)
    write_atomically(folder / _JOURNAL, json.dumps(asdict(journal)).encode())
    sync_folder(folder)


def remove(root: Path) -> None:
    """The apply is over."""
    folder = _folder(root)
    (folder / _JOURNAL).unlink(missing_ok=True)
    sync_folder(folder)


def pending(root: Path) -> bool:
    """Whether an apply below ``root`` was interrupted."""
    folder = state_folder(root, create=False)
    return folder is not None and (folder / _JOURNAL).exists()


def read(root: Path) -> Journal | None:
    """The journal of an interrupted apply. One that looplift did not write is an error."""
    if not pending(root):
        return None
    location = _folder(root) / _JOURNAL
    try:
        found = json.loads(location.read_bytes())
        entries = tuple(Entry(**entry) for entry in found["entries"])
        journal = Journal(entries, tuple(found["folders"]), found["state"])
        _validate(journal)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{location}: is not a journal of looplift; remove it") from error
    return journal


def _validate(journal: Journal) -> None:
    if journal.state not in (STAGING, COMMITTING, REVERTING):
        raise ValueError("unknown state")
    for entry in journal.entries:
        folder = _checked(entry.path).parent
        for name in filter(None, (entry.staged, entry.backup)):
            if _checked(name).parent != folder or not _BESIDE.fullmatch(PurePosixPath(name).name):
                raise ValueError("not a file beside")
    for name in journal.folders:
        _checked(name)


def _checked(path: str) -> PurePosixPath:
    """A path that stays below the root and out of git's own folder."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or {"..", ".git"} & set(pure.parts):
        raise ValueError("outside the root")
    return pure


def _folder(root: Path) -> Path:
    folder = state_folder(root)
    if folder is None:
        raise UserError(f"no folder .looplift_cache can be made in {root}, so nothing was written")
    return folder
