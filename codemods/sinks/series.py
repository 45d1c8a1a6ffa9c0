"""A migration as a series of patches in a folder: one for each pass, for ``git am``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from codemods.errors import UserError
from codemods.patches import Patch, make_patch
from codemods.patches.mailbox import Author, file_name, mail
from codemods.patches.messages import commit_message, subject
from codemods.patches.story import Chapter
from codemods.sinks.branch import require_author
from codemods.sinks.git import Git, is_repository


@dataclass(frozen=True)
class Written:
    """The patches that were written, and what else lies in their folder that ends in .patch."""

    paths: tuple[Path, ...]
    others: tuple[str, ...]


def write_series(git: Git, folder: Path, chapters: Sequence[Chapter]) -> Written:
    """Write the patches ``0001-...`` onwards. Files of the same names are replaced."""
    author = find_author(git)
    normalized = git.normalized() if is_repository(git.root) else frozenset()
    names = [file_name(n, subject(chapter)) for n, chapter in enumerate(chapters, 1)]
    paths = tuple(folder / name for name in names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, (chapter, path) in enumerate(zip(chapters, paths, strict=True), 1):
            place = (number, len(chapters))
            patch = _patch(chapter, normalized)
            path.write_bytes(mail(author, place, commit_message(chapter), patch))
        others = {path.name for path in folder.glob("*.patch")} - set(names)
    except OSError as error:
        raise UserError(
            f"{error.filename or folder}: cannot be written ({error.strerror})"
        ) from error
    return Written(paths, tuple(sorted(others)))


def _patch(chapter: Chapter, normalized: frozenset[str]) -> Patch:
    """What a pass changed, with the line ends that git keeps: it patches files as it keeps them."""
    before, after = chapter.run.before, chapter.run.after
    paths = [path for path in chapter.run.changed if path in normalized]
    if not paths:
        return chapter.patch
    return make_patch(
        *(
            side.with_texts({path: side[path].text.replace("\r\n", "\n") for path in paths})
            for side in (before, after)
        )
    )


def find_author(git: Git) -> Author:
    """Who commits here, as git has it: name, address and the date of now."""
    require_author(git)
    ident = git.run("var", "GIT_AUTHOR_IDENT")
    who, _, when = ident.rpartition("> ")
    name, _, email = who.partition(" <")
    seconds, _, zone = when.partition(" ")
    minutes = int(zone[:1] + "1") * (int(zone[1:3]) * 60 + int(zone[3:5]))
    moment = datetime.fromtimestamp(int(seconds), timezone(timedelta(minutes=minutes)))
    return Author(name, email, moment)
