"""Findings that the user does not want to hear of: comments in the code and per-file ignores.

``# looplift: ignore`` at the end of a line silences it, ``# looplift: ignore[LL101]`` only that
rule (a code, a prefix or the name of a pass), and so does ``# noqa: LL101``. A bare ``# noqa`` was
written for other tools and means nothing here. ``# looplift: skip-file`` in the first lines
silences the file.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import lru_cache

from codemods.config import Options
from codemods.findings import Finding
from codemods.source import SourceFile

#: ``skip-file`` counts in that many lines from the top.
FIRST_LINES = 10

_IGNORE = re.compile(r"#\s*looplift:\s*ignore(?:\[([^\]]*)\])?", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa\s*:\s*([A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)", re.IGNORECASE)
_SKIP = re.compile(r"^\s*#\s*looplift:\s*skip-file\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")
_EVERYTHING = ""  # a prefix of every code


def suppressed(file: SourceFile, finding: Finding, options: Options | None = None) -> bool:
    """Whether a comment in ``file`` or a per-file ignore silences ``finding``."""
    selectors = list(_comments(file).get(finding.line, ()))
    for pattern, ignored in options.per_file_ignores if options else ():
        if _applies(pattern, file.path):
            selectors += ("" if rule == "ALL" else rule for rule in ignored)
    return skipped(file) or any(_means(selector, finding) for selector in selectors)


@lru_cache(maxsize=1024)
def skipped(file: SourceFile) -> bool:
    """Whether ``file`` asks to be left alone as a whole."""
    if "skip-file" not in file.text:
        return False
    return any(map(_SKIP.match, file.text.split("\n", FIRST_LINES)[:FIRST_LINES]))


def _means(selector: str, finding: Finding) -> bool:
    return selector == finding.rule or finding.code.startswith(selector)


def _applies(pattern: str, path: str) -> bool:
    negated = pattern.startswith("!")
    pattern = pattern.removeprefix("!")
    name = path.rsplit("/", 1)[-1]
    found = (
        fnmatch(path, pattern)
        or path.startswith(pattern.rstrip("/") + "/")
        or ("/" not in pattern and fnmatch(name, pattern))
        or (pattern.startswith("**/") and fnmatch(path, pattern[3:]))
    )
    return found is not negated


@lru_cache(maxsize=1024)
def _comments(file: SourceFile) -> Mapping[int, tuple[str, ...]]:
    """The selectors by line. A comment behind a string of several lines counts for all of them."""
    text = file.text
    if "looplift:" not in text and "noqa" not in text.lower():
        return {}
    found: dict[int, tuple[str, ...]] = {}
    for first, last, comment in _python(text) if file.is_python else _other(text):
        if selectors := tuple(_selectors(comment)):
            found.update(dict.fromkeys(range(first, last + 1), selectors))
    return found


def _selectors(comment: str) -> Iterator[str]:
    for match in _IGNORE.finditer(comment):
        yield from (_EVERYTHING,) if match[1] is None else filter(None, _SEPARATOR.split(match[1]))
    for match in _NOQA.finditer(comment):
        yield from _SEPARATOR.split(match[1].upper())


def _other(text: str) -> Iterator[tuple[int, int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if (start := line.find("#")) >= 0:
            yield number, number, line[start:]


def _python(text: str) -> Iterator[tuple[int, int, str]]:
    """First and last line and text of each comment."""
    first, joined = 0, 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            line, end = token.start[0], token.end[0]
            if token.type == tokenize.COMMENT:
                yield (first if joined == line else line), line, token.string
            elif end > line and token.type != tokenize.NEWLINE:
                first = first if joined == line else line
                joined = end
    except (tokenize.TokenError, SyntaxError):
        return
