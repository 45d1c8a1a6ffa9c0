"""Who owns which file, as ``CODEOWNERS`` says: the last pattern that fits decides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from codemods.source import CodeBase

#: Where the forges look, the first one that is there counts.
PLACES = tuple(
    f"{folder}CODEOWNERS"
    for folder in (".github/", ".gitlab/", ".bitbucket/", ".gitea/", ".forgejo/", "", "docs/")
)
#: ``[Section][2] @default`` begins a section of GitLab's, with owners for lines without any.
_SECTION = re.compile(r"^\^?\[[^\]]+\](?:\[\d+\])?\s*(.*)$")
_BLANK = re.compile(r"(?<!\\)\s+")


@dataclass(frozen=True)
class _Line:
    section: int
    pattern: str
    owners: tuple[str, ...]


@dataclass(frozen=True)
class Owners:
    """The lines of a file ``CODEOWNERS``."""

    lines: tuple[_Line, ...] = ()

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file: those of the last line that fits, in each section."""
        found: dict[int, tuple[str, ...]] = {}
        for line in self.lines:
            if _compiled(line.pattern).match(path):
                found[line.section] = line.owners
        return tuple(dict.fromkeys(owner for owners in found.values() for owner in owners))


def read_owners(text: str) -> Owners:
    """What a file ``CODEOWNERS`` says."""
    return Owners(tuple(_lines(text)))


def find_owners(codebase: CodeBase) -> Owners:
    """The owners of the files of a repository; none where it does not say."""
    for place in PLACES:
        path = codebase.root / place
        if path.is_file() and not path.is_symlink():
            return read_owners(path.read_text("utf-8", "replace"))
    return Owners()


def owners_of(owners: Owners, paths: Iterable[str]) -> tuple[str, ...]:
    """The owners of several files, each once."""
    return tuple(dict.fromkeys(owner for path in paths for owner in owners.of(path)))


def _lines(text: str) -> Iterator[_Line]:
    section = 0
    default: tuple[str, ...] = ()
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if head := _SECTION.match(line):
            section, default = section + 1, _names(head[1])
            continue
        pattern, *rest = _BLANK.split(line, 1)
        yield _Line(
            section, pattern.replace("\\ ", " "), _names(rest[0] if rest else "") or default
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split("#", 1)[0].split() if "@" in name)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of ``.gitignore``'s kind as an expression for whole paths."""
    rooted = "/" in pattern.rstrip("/")
    below = pattern.endswith("/")
    text = pattern.strip("/")
    expression, position = "", 0
    while position < len(text):
        if text.startswith("**/", position):
            expression, position = expression + "(?:.*/)?", position + 3
        elif text.startswith("**", position):
            expression, position = expression + ".*", position + 2
        elif text[position] == "*":
            expression, position = expression + "[^/]*", position + 1
        elif text[position] == "?":
            expression, position = expression + "[^/]", position + 1
        else:
            expression, position = expression + re.escape(text[position]), position + 1
    # `docs/*` is about the files of the folder alone, `docs` and `docs/` about all below it.
    end = "/.*" if below else "" if text.endswith("/*") else "(?:/.*)?"
    return re.compile(f"{'' if rooted else '(?:.*/)?'}{expression}{end}\\Z")
