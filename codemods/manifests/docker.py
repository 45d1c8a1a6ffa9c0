"""What Dockerfiles and other files install by themselves: it is read and reported, never edited."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from codemods.drivers import DATABASES
from codemods.manifests.installs import Install, commands, installs
from codemods.manifests.model import ENOUGH, Note
from codemods.manifests.spelling import plain

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*\S*?python:(?P<version>\d+\.\d+)", re.I | re.M)
_APT = re.compile(r"\b(?:libpq-dev|libpq5|postgresql-dev|default-libmysqlclient-dev)\b")


def python_version(text: str) -> Version | None:
    """The version of the official Python image that a Dockerfile builds on."""
    found = _FROM.search(text)
    return Version(found["version"]) if found else None


#: Whoever installs one of these by its name has to install what it needs by name too.
_FRAMEWORKS = frozenset({"fastapi", "sqlalchemy", "sqlmodel", "starlette"})
_DRIVERS = frozenset(name for database in DATABASES for name in database.distributions)


def report(
    path: str,
    text: str,
    needed: Sequence[Requirement],
    olds: Mapping[str, Requirement],
    *,
    dev: bool = False,
) -> list[Note]:
    """Notes about the lines of a file that install by name what the migration changes.

    ``olds`` are the distributions that give way, and to what. With ``dev`` only the tests need
    the requirements.
    """
    found = installs(path, text)
    lacking = [plain(one) for one in needed if not _has(found, one)]
    by_manifest = any(one.by_manifest for one in found)
    notes = []
    for one in found:
        message = _message(one, lacking, olds, by_manifest=by_manifest, dev=dev)
        if message:
            notes.append(Note(path, message, one.line))
    if "dockerfile" in path.rpartition("/")[2].lower():
        notes += _libraries(path, text, olds)
    return sorted(notes, key=lambda note: note.line)


def _message(
    install: Install,
    lacking: Sequence[str],
    olds: Mapping[str, Requirement],
    *,
    by_manifest: bool,
    dev: bool,
) -> str:
    names = {spelling.canonical for spelling in install.spellings}
    gone = sorted(names & set(olds))
    parts = [f"{plain(olds[old])} takes the place of {old}" for old in gone]
    # What names a driver alone relies on a manifest for all else, where one is installed too.
    telling = {"pytest"} if dev else _FRAMEWORKS if by_manifest else _FRAMEWORKS | _DRIVERS
    named = sorted(names & (telling | {*olds}))
    given = {plain(olds[old]) for old in gone}
    missing = [one for one in lacking if one not in given and not install.by_manifest]
    if missing and names & telling and not (dev and by_manifest):
        parts.append(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing there")
    if not parts:
        return ""
    return f"installs {', '.join(named)} by name: {'; '.join(parts)}"


def _has(found: Sequence[Install], needed: Requirement) -> bool:
    name = canonicalize_name(needed.name)
    extras = {canonicalize_name(extra) for extra in needed.extras}
    return any(
        spelling.canonical == name
        and (extras <= spelling.extra_names or spelling.extra_names & ENOUGH.get(name, frozenset()))
        for install in found
        for spelling in install.spellings
    )


def _libraries(path: str, text: str, olds: Collection[str]) -> list[Note]:
    """The libraries that are there for what is replaced."""
    notes = []
    for number, command in commands(text):
        library = _APT.search(command)
        if library and olds:
            message = (
                f"installs {library.group()} for {', '.join(sorted(olds))}, which is replaced; "
                "it may be needless now"
            )
            notes.append(Note(path, message, number))
    return notes
