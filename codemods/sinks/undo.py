"""What the last apply wrote over, kept so that it can be put back, with git or without."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from codemods.errors import UserError
from codemods.sinks.journal import digest
from codemods.sinks.state import state_folder, sync_folder, write_atomically

_RECORD, _NEXT = "undo.json", "undo-next.json"


@dataclass(frozen=True)
class Kept:
    """One file of an apply: what was there (None for nothing), and the hash of what is now."""

    path: str
    old: bytes | None
    new_digest: str


@dataclass(frozen=True)
class Record:
    """The files of an apply and the folders that it made."""

    files: tuple[Kept, ...]
    folders: tuple[str, ...] = ()


def prepare(root: Path, record: Record | None) -> None:
    """Write down what an apply is about to write over; None where that is an undo itself."""
    folder = state_folder(root)
    if folder is None:
        raise UserError(f"no folder .looplift_cache can be made in {root}, so nothing was written")
    files = [
        {
            "path": kept.path,
            "old": None if kept.old is None else base64.b64encode(kept.old).decode("ascii"),
            "new_digest": kept.new_digest,
        }
        for kept in (record.files if record else ())
    ]
    data = {"files": files, "folders": list(record.folders if record else ())}
    write_atomically(folder / _NEXT, json.dumps(data).encode())
    sync_folder(folder)


def settle(root: Path) -> None:
    """The apply is done: what was prepared is what can be undone now. May run twice."""
    folder = state_folder(root, create=False)
    if folder is not None and (folder / _NEXT).exists():
        (folder / _NEXT).replace(folder / _RECORD)
        sync_folder(folder)


def forget(root: Path) -> None:
    """The apply was taken back: what could be undone before still can."""
    folder = state_folder(root, create=False)
    if folder is not None:
        (folder / _NEXT).unlink(missing_ok=True)


def read(root: Path) -> Record:
    """What can be undone; a record without files where there is nothing."""
    folder = state_folder(root, create=False)
    if folder is None or not (folder / _RECORD).exists():
        return Record(())
    location = folder / _RECORD
    try:
        found = json.loads(location.read_bytes())
        return Record(tuple(_files(found["files"])), tuple(map(_checked, found["folders"])))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{location}: is not a record of looplift; remove it") from error


def changed_since(root: Path, record: Record) -> tuple[str, ...]:
    """The files that are neither what the apply wrote nor what was there before."""
    return tuple(
        kept.path
        for kept in record.files
        if (now := current(root, kept.path)) != kept.old
        and (now is None or digest(now) != kept.new_digest)
    )


def current(root: Path, path: str) -> bytes | None:
    """What is on disk at a path; None for nothing."""
    try:
        return (root / path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _files(items: list[dict[str, str | None]]) -> Iterator[Kept]:
    for item in items:
        path, old, new = item["path"], item["old"], item["new_digest"]
        if not isinstance(path, str) or not isinstance(new, str):
            raise TypeError("not a file")
        data = None if old is None else base64.b64decode(old, validate=True)
        yield Kept(_checked(path), data, new)


def _checked(path: str) -> str:
    """A path that stays below the root and out of git's own folder."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or {"..", ".git"} & set(pure.parts):
        raise ValueError("outside the root")
    return path
