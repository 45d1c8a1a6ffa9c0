"""What the user wants left alone: comments in the code and per-file ignores.

``# looplift: ignore`` at the end of a line silences it, ``# looplift: ignore[LL101]`` only that
rule (a code, a prefix or the name of a pass), and so does ``# noqa: LL101``. A bare ``# noqa`` was
written for other tools and means nothing here. ``# looplift: skip-file`` in the first lines
silences the file. What is silenced is neither reported nor edited.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache

from codemods.config import Options
from codemods.findings import Code, Finding, Level, Treatment
from codemods.source import CodeBase, SourceFile

#: ``skip-file`` counts in that many lines from the top.
FIRST_LINES = 10
_MANY_FILES = 1 << 14

_IGNORE = re.compile(r"#\s*looplift:\s*ignore(?:\[([^\]]*)\])?", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa\s*:\s*([A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)", re.IGNORECASE)
#: A text without it has no such comment, and need not be read token by token.
_ANY = re.compile(r"looplift:\s*ignore|noqa\s*:[^\n]*\bLL[0-9]", re.IGNORECASE)
_SKIP = re.compile(r"^\s*#\s*looplift:\s*skip-file\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")
_EVERYTHING = ""  # a prefix of every code

#: What is said of comments that silence nothing.
UNUSED = Code("LL001", "unused-suppression", "A comment silences a rule that finds nothing there")


@dataclass(frozen=True)
class Comment:
    """A comment that silences rules on the lines from ``first`` to ``line``, where it stands."""

    first: int
    line: int
    column: int
    selectors: tuple[str, ...]


@dataclass(frozen=True)
class Silence:
    """Where the user wants one pass to leave the code as it is."""

    codebase: CodeBase
    options: Options
    rule: str

    def why(self, path: str, line: int, *codes: str) -> str:
        """Why a place with findings of one of ``codes`` is left alone, "" where it is not."""
        file = self.codebase.files.get(path)
        if file is None:
            return ""
        if skipped(file):
            return f"{path} asks to be skipped"
        for comment in comments(file):
            if comment.first <= line <= comment.line and any(
                _means(s, self.rule, code) for s in comment.selectors for code in codes
            ):
                return f"the comment in {path}:{comment.line} asks to leave it"
        for held in self.options.held:
            if held.covers(self.rule, path, line):
                where = path if held.whole else f"{path}:{held.first}"
                return f"the command of --verify fails with what {self.rule} does in {where}"
        selectors = tuple(_per_file(path, self.options))
        if any(_means(s, self.rule, code) for s in selectors for code in codes):
            return f"per-file-ignores ask to leave it in {path}"
        return ""


def suppressed(file: SourceFile, finding: Finding, options: Options) -> bool:
    """Whether a comment in ``file`` or a per-file ignore silences ``finding``."""
    selectors = [*_by_line(file).get(finding.line, ()), *_per_file(file.path, options)]
    if finding.code == UNUSED.code:  # a comment does not hide itself by silencing everything
        selectors = [s for s in selectors if s == UNUSED.name or UNUSED.code[:3] == s[:3]]
    return skipped(file) or any(_means(s, finding.rule, finding.code) for s in selectors)


def frozen(
    codebase: CodeBase, rule: str, codes: Iterable[Code], options: Options
) -> frozenset[str]:
    """The files that a pass must not edit: skipped ones, and those where it is ignored whole."""
    names = [code.code for code in codes]
    found = {file.path for file in codebase if skipped(file)}
    found |= {held.path for held in options.held if held.rule == rule and held.whole}
    for path in codebase.files if options.per_file_ignores else ():
        selectors = tuple(_per_file(path, options))
        if selectors and all(any(_means(s, rule, name) for s in selectors) for name in names):
            found.add(path)
    return frozenset(found)


def silences(codebase: CodeBase, rule: str, codes: Iterable[str], options: Options) -> bool:
    """Whether anything in a code base silences a rule."""
    names = tuple(codes)
    for file in codebase:
        if skipped(file):
            return True
        selectors = [*_per_file(file.path, options)]
        selectors += [selector for comment in comments(file) for selector in comment.selectors]
        if any(_means(selector, rule, name) for selector in selectors for name in names):
            return True
    return False


def unused(
    file: SourceFile, findings: Iterable[Finding], unjudged: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    """The comments of ``file`` that silence nothing of what was found in it.

    A selector counts as used where a rule of its kind (``LL4``) finds anything: which of its codes
    that is can change with the passes before. ``unjudged`` are rules, with a code each, that did
    not look; nothing is said of comments that could mean them.
    """
    if skipped(file):
        return
    found = [(finding.line, finding.rule, finding.code) for finding in findings]
    for comment in comments(file):
        lines = range(comment.first, comment.line + 1)
        here = [(rule, code) for line, rule, code in found if line in lines]
        for selector in dict.fromkeys(comment.selectors):
            kind = selector[:3]
            if any(selector == rule or code.startswith(kind) for rule, code in (*here, *unjudged)):
                continue
            named = f"`{selector}`" if selector else "every rule"
            message = f"the comment silences {named}, which finds nothing here"
            yield Finding(
                file.path, comment.line, comment.column, UNUSED.code, message, UNUSED.name,
                Level.DISPLAY, Treatment.LEFT,
            )  # fmt: skip


@lru_cache(maxsize=_MANY_FILES)
def skipped(file: SourceFile) -> bool:
    """Whether ``file`` asks to be left alone as a whole."""
    if "skip-file" not in file.text:
        return False
    return any(map(_SKIP.match, file.text.split("\n", FIRST_LINES)[:FIRST_LINES]))


def _means(selector: str, rule: str, code: str) -> bool:
    return selector == rule or code.startswith(selector)


def _per_file(path: str, options: Options) -> Iterator[str]:
    for pattern, ignored in options.per_file_ignores:
        if _applies(pattern, path):
            yield from (_EVERYTHING if rule == "ALL" else rule for rule in ignored)


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


def function_lines(file: SourceFile) -> Iterator[tuple[int, int]]:
    """First and last line of each function that is not inside of another one."""
    waiting: list[ast.AST] = list(ast.parse(file.text).body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield first, node.end_lineno or first
        elif isinstance(node, ast.stmt):
            waiting += [
                child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)
            ]


@lru_cache(maxsize=_MANY_FILES)
def comments(file: SourceFile) -> tuple[Comment, ...]:
    """What is silenced where. A comment behind a string of several lines counts for all of them."""
    text = file.text
    if not _ANY.search(text):
        return ()
    found = []
    for first, line, column, comment in _python(text) if file.is_python else _other(text):
        if selectors := tuple(_selectors(comment)):
            found.append(Comment(first, line, column, selectors))
    return tuple(found)


@lru_cache(maxsize=_MANY_FILES)
def _by_line(file: SourceFile) -> Mapping[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for comment in comments(file):
        for line in range(comment.first, comment.line + 1):
            found[line] = found.get(line, ()) + comment.selectors
    return found


def _selectors(comment: str) -> Iterator[str]:
    for match in _IGNORE.finditer(comment):
        yield from (_EVERYTHING,) if match[1] is None else filter(None, _SEPARATOR.split(match[1]))
    for match in _NOQA.finditer(comment):
        yield from (code for code in _SEPARATOR.split(match[1].upper()) if code.startswith("LL"))


def _other(text: str) -> Iterator[tuple[int, int, int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if (start := line.find("#")) >= 0:
            yield number, number, start + 1, line[start:]


def _python(text: str) -> Iterator[tuple[int, int, int, str]]:
    """First and last line, column and text of each comment.

    One at the end of a statement is about all its lines, however an edit lays them out; one
    behind a string, about the lines of the string.
    """
    statement, first, joined = 0, 0, 0
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        line, end = token.start[0], token.end[0]
        if token.type == tokenize.NEWLINE:
            statement = 0
        elif token.type == tokenize.COMMENT:
            start = first if joined == line else line
            if statement and following is not None and following.type == tokenize.NEWLINE:
                start = statement
            yield start, line, token.start[1] + 1, token.string
        elif token.type not in _LAYOUT:
            statement = statement or line
            if end > line:
                first, joined = (first if joined == line else line), end


_LAYOUT = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
