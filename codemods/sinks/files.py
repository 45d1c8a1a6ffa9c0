"""Writing a migration onto the disk: every file or none.

New contents are staged beside the files and synced, the old ones are kept beside them, and a
journal says what is going on. Then all files are renamed into place. Whatever goes wrong is taken
back; what is interrupted (a kill, a power cut) is finished or taken back by the next run.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from codemods.errors import UserError
from codemods.patches.diff import changed_files
from codemods.sinks import journal as journals
from codemods.sinks import undo
from codemods.sinks.journal import COMMITTING, REVERTING, STAGING, Entry, Journal, digest
from codemods.sinks.state import sync_folder
from codemods.source import CodeBase


@dataclass(frozen=True)
class Change:
    """What is on disk at a path (None for nothing), and what is to be there (None for nothing)."""

    path: str
    old: bytes | None
    new: bytes | None


@dataclass(frozen=True)
class Applied:
    """The paths that were written, and of those the new ones."""

    paths: tuple[str, ...]
    created: tuple[str, ...]


def apply(before: CodeBase, after: CodeBase) -> Applied:
    """Write what differs between ``before`` (as it was read) and ``after``."""
    changes = tuple(
        Change(new.path, old.to_bytes() if old else None, new.to_bytes())
        for old, new in changed_files(before, after)
    )
    if changes:
        write(before.root, changes)
    created = tuple(change.path for change in changes if change.old is None)
    return Applied(tuple(change.path for change in changes), created)


def write(root: Path, changes: Sequence[Change], *, undoable: bool = True) -> None:
    """Make all of ``changes`` or none; what was there is kept for an undo."""
    with journals.locked(root):
        _recover(root)
        for change in changes:
            _check(root, change)
        _Apply(root, changes, undoable=undoable).run()


def recover(root: Path) -> str:
    """Finish or take back an interrupted apply; the sentence that says which, "" if none."""
    if not journals.pending(root):
        return ""
    with journals.locked(root):
        return _recover(root)


def _recover(root: Path) -> str:
    journal = journals.read(root)
    if journal is None:
        return ""
    for entry in journal.entries:
        _check_place(root, entry.path)
    count = len(journal.entries)
    if journal.state == COMMITTING and _can_finish(root, journal):
        _commit(root, journal)
        undo.settle(root)
        _clean(root, journal)
        return f"an interrupted apply of {count} files was finished"
    _revert(root, journal)
    return f"an interrupted apply of {count} files was taken back"


class _Apply:
    """One apply, from the staging to the end."""

    def __init__(self, root: Path, changes: Iterable[Change], *, undoable: bool) -> None:
        self._root = root
        self._changes = tuple(changes)
        self._undoable = undoable
        self._journal = Journal(tuple(self._entries()), tuple(self._folders()))

    def run(self) -> None:
        """Stage, commit, clean; take everything back where one of them fails."""
        try:
            journals.write(self._root, self._journal)
            self._stage()
            undo.prepare(self._root, self._kept() if self._undoable else None)
            self._journal = self._journal.at(COMMITTING)
            journals.write(self._root, self._journal)
            _commit(self._root, self._journal)
            undo.settle(self._root)
        except BaseException as error:
            self._take_back(error)
            raise
        with contextlib.suppress(OSError):  # what is left over is cleaned by the next run
            _clean(self._root, self._journal)

    def _take_back(self, error: BaseException) -> None:
        try:
            _revert(self._root, self._journal)
        except OSError as second:
            raise UserError(
                f"{second.filename or self._root}: cannot be taken back ({second.strerror}); the "
                "next `looplift apply` tries again"
            ) from error
        if isinstance(error, OSError):
            raise UserError(
                f"{error.filename or self._root}: cannot be written ({error.strerror}); nothing "
                "was changed"
            ) from error

    def _kept(self) -> undo.Record:
        return undo.Record(
            tuple(
                undo.Kept(change.path, change.old, digest(change.new))
                for change in self._changes
                if change.new is not None
            ),
            self._journal.folders,
        )

    def _entries(self) -> Iterator[Entry]:
        token = secrets.token_hex(8)
        for number, change in enumerate(self._changes):
            beside = str(PurePosixPath(change.path).with_name(f".looplift-{token}-{number}"))
            yield Entry(
                change.path,
                "" if change.new is None else beside + ".new",
                "" if change.old is None else beside + ".old",
                "" if change.old is None else digest(change.old),
                "" if change.new is None else digest(change.new),
            )

    def _folders(self) -> Iterator[str]:
        seen: set[str] = set()
        for change in self._changes:
            if change.old is not None:
                continue
            for parent in reversed(PurePosixPath(change.path).parents[:-1]):
                if str(parent) not in seen and not (self._root / parent).exists():
                    seen.add(str(parent))
                    yield str(parent)

    def _stage(self) -> None:
        for folder in self._journal.folders:
            (self._root / folder).mkdir(exist_ok=True)
        for entry, change in zip(self._journal.entries, self._changes, strict=True):
            location = self._root / entry.path
            if change.old is not None:
                _keep(location, self._root / entry.backup)
            if change.new is not None:
                like = location if change.old is not None else None
                _write(self._root / entry.staged, change.new, like=like)
        _sync_folders(self._root, self._journal)


def _check(root: Path, change: Change) -> None:
    """The file on disk is the one that was read, and no link leads elsewhere."""
    location = root / change.path
    _check_place(root, change.path)
    if change.old is None:
        if os.path.lexists(location):
            raise UserError(f"{change.path}: exists already, so nothing was written")
        return
    try:
        current = location.read_bytes()
    except OSError as error:
        raise UserError(
            f"{change.path}: cannot be read any more ({error.strerror}); nothing was written"
        ) from error
    if current != change.old:
        raise UserError(f"{change.path}: was changed while looplift ran; nothing was written")


def _check_place(root: Path, path: str) -> None:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise UserError(f"{path}: lies outside {root}; nothing was written")
    location = root
    for part in pure.parts:
        location = location / part
        if location.is_symlink():
            raise UserError(f"{path}: is reached through a symbolic link; nothing was written")
    if location.exists() and not stat.S_ISREG(location.stat().st_mode):
        raise UserError(f"{path}: is not a regular file; nothing was written")


def _keep(location: Path, backup: Path) -> None:
    """Keep the old file under a second name; a copy where the file system has no hard links."""
    try:
        os.link(location, backup)
    except OSError:
        shutil.copy2(location, backup)


def _write(location: Path, data: bytes, like: Path | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    handle = os.open(location, flags, 0o666)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        if like is not None:
            wanted = like.stat()
            if hasattr(os, "fchown"):
                with contextlib.suppress(OSError):
                    os.fchown(stream.fileno(), wanted.st_uid, wanted.st_gid)
            location.chmod(stat.S_IMODE(wanted.st_mode))
        stream.flush()
        os.fsync(stream.fileno())


def _commit(root: Path, journal: Journal) -> None:
    """Rename every staged file into place, take away what has to go. May run twice."""
    for entry in journal.entries:
        staged, location = root / entry.staged, root / entry.path
        if not (staged if entry.staged else location).exists():
            continue
        if _digest(location) != entry.old_digest:
            raise UserError(f"{entry.path}: was changed while looplift ran; nothing was changed")
        if entry.staged:
            staged.replace(location)
        else:
            location.unlink()
    _sync_folders(root, journal)
    for entry in journal.entries:
        if _digest(root / entry.path) != entry.new_digest:
            raise UserError(f"{entry.path}: does not hold what was written; nothing was changed")


def _sync_folders(root: Path, journal: Journal) -> None:
    for folder in {(root / entry.path).parent for entry in journal.entries}:
        sync_folder(folder)


def _can_finish(root: Path, journal: Journal) -> bool:
    """Whether every file is either in place or staged over what was read."""
    for entry in journal.entries:
        staged = _digest(root / entry.staged) if entry.staged else ""
        current = _digest(root / entry.path)
        done = current == entry.new_digest and not staged
        ready = staged == entry.new_digest and current == entry.old_digest
        if not done and not ready:
            return False
    return True


def _revert(root: Path, journal: Journal) -> None:
    """Put every old file back in place. May run twice.

    A file that holds neither what was read nor what was written was changed by somebody else,
    and stays as it is.
    """
    if journal.state != STAGING:
        with contextlib.suppress(OSError):  # a full disk; the contents tell the same
            journals.write(root, journal.at(REVERTING))
        for entry in journal.entries:
            location, backup = root / entry.path, root / entry.backup
            if _digest(location) != entry.new_digest or entry.new_digest == entry.old_digest:
                continue
            if entry.backup and backup.exists():
                backup.replace(location)
            elif not entry.backup:
                location.unlink()
    undo.forget(root)
    _clean(root, journal)
    for folder in reversed(journal.folders):
        with contextlib.suppress(OSError):
            (root / folder).rmdir()


def _clean(root: Path, journal: Journal) -> None:
    for entry in journal.entries:
        for name in filter(None, (entry.staged, entry.backup)):
            (root / name).unlink(missing_ok=True)
    journals.remove(root)


def _digest(location: Path) -> str:
    """The hash of a regular file; "" where there is none."""
    try:
        if not stat.S_ISREG(location.lstat().st_mode):
            return ""
        return digest(location.read_bytes())
    except FileNotFoundError:
        return ""
