"""Comments in the code for what is left to a person: one for each statement, never a second one.

A marker stands above the statement that it is about and names the codes. It goes when nothing is
left there any more; findings are the same with markers or without.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from codemods.findings import Finding, Level, Treatment
from codemods.passes import Outcome, Pass
from codemods.pipeline import Migration, PassRun
from codemods.source import SourceFile

#: The words of every marker; the codes come behind them.
WORDS = "# looplift: left to a person:"
_MARKER = re.compile(rf"^[ \t]*{re.escape(WORDS)}.*$")

DOCUMENTATION = """\
## What it does
Puts a comment above each statement that is left to a person, with the codes of its findings.
`looplift check` tells the reasons. A marker that has nothing to mark any more is taken out.
"""

PASS = Pass(
    name="markers",
    order=1000,
    summary="What is left to a person is marked in the code.",
    subject="Mark what is left to a person",
    level=Level.SAFE,
    codes=(),
    documentation=DOCUMENTATION,
    plan=lambda program, options: Outcome(),
)


def with_markers(migration: Migration, findings: Iterable[Finding]) -> Migration:
    """The migration with a last step that marks what it leaves.

    ``findings`` are those of the migrated code base.
    """
    left: dict[str, dict[int, set[str]]] = {}
    for finding in findings:
        if finding.treatment is Treatment.LEFT:
            left.setdefault(finding.path, {}).setdefault(finding.line, set()).add(finding.code)
    after = migration.after
    texts = {}
    for file in after.python_files:
        if after.editable(file.path) and (file.path in left or WORDS in file.text):
            text = marked(file, left.get(file.path, {}))
            if text != file.text:
                texts[file.path] = text
    if not texts:
        return migration
    run = PassRun(PASS, after, after.with_texts(texts), Outcome())
    program = migration.program.succeeded_by(run.after)
    return replace(migration, runs=(*migration.runs, run), program=program)


def marked(file: SourceFile, left: dict[int, set[str]]) -> str:
    """The text of a file with a marker above each statement that has codes in ``left``."""
    lines = file.text.split("\n")
    try:
        tree = ast.parse(file.text)
    except (SyntaxError, ValueError):
        return file.text
    inside = _within_strings(tree)
    starts = [(first, last) for first, last in _starts(tree) if first not in inside]
    wanted: dict[int, set[str]] = {}
    for line, codes in left.items():
        if (start := _statement(starts, line)) is not None:
            wanted.setdefault(start, set()).update(codes)
    result: list[str] = []
    for number, source in enumerate(lines, 1):
        if _MARKER.match(source) and number not in inside:
            continue
        if number in wanted:
            indent = source[: len(source) - len(source.lstrip())]
            result.append(f"{indent}{WORDS} {', '.join(sorted(wanted[number]))}")
        result.append(source)
    text = "\n".join(result)
    # A comment changes nothing: where it would, the file stays as it is.
    return text if _same(text, tree) else file.text


def _starts(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """First and last line of each statement; decorators belong to it, its body does not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(d.lineno for d in decorators)])
            yield first, node.end_lineno or node.lineno


def _statement(starts: list[tuple[int, int]], line: int) -> int | None:
    """The first line of the innermost statement that holds a line."""
    return max((first for first, last in starts if first <= line <= last), default=None)


def _within_strings(tree: ast.Module) -> set[int]:
    """The lines that begin within a string of several lines."""
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr)
        for number in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    }


def _same(text: str, tree: ast.Module) -> bool:
    try:
        return ast.dump(ast.parse(text)) == ast.dump(tree)
    except SyntaxError:
        return False
