"""The command ``undo``."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cli.summary import counted
from codemods.errors import UserError
from codemods.sinks import files
from codemods.sinks import undo as undoing
from codemods.sinks.terminal import Terminal
from codemods.source.codebase import git_root


def undo(target: Path, *, force: bool, quiet: bool) -> int:
    """Put back the files of the last apply around ``target``, all of them or none."""
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link
    if not target.exists():
        raise UserError(f"{target}: no such file or folder")
    folder = target if target.is_dir() else target.parent
    root = git_root(folder) or folder
    terminal = Terminal(root, quiet=quiet)
    if done := files.recover(root):
        terminal.warn(f"looplift: {done}")
    record = undoing.read(root)
    if not record.files:
        if not quiet:
            terminal.print("Nothing to undo.")
        return 0
    if not force and (changed := undoing.changed_since(root, record)):
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(
            f"{changed[0]}{more} changed since the apply; nothing was undone "
            "(--force puts back all the same)"
        )
    changes = [
        files.Change(kept.path, now, kept.old)
        for kept in record.files
        if (now := undoing.current(root, kept.path)) != kept.old
    ]
    if not changes:
        if not quiet:
            terminal.print("Nothing to undo: the files are as they were before the last apply.")
        return 0
    files.write(root, changes, undoable=False)
    for name in reversed(record.folders):
        with contextlib.suppress(OSError):  # something else is in it by now
            (root / name).rmdir()
    if not quiet:
        for change in changes:
            terminal.print(f"  {terminal.path(change.path)}{_what(change)}")
        terminal.print(f"Undid the last apply: {counted(len(changes), 'file')}.", "bold")
    return 0


def _what(change: files.Change) -> str:
    return " (removed)" if change.new is None else ""
