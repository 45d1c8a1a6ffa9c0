"""Where a run that failed went through: the places that tracebacks name, and their functions."""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from codemods.source import CodeBase

#: A file's path and a line.
Place = tuple[str, int]

_PLACE = re.compile(
    r'^\s*File "([^"\n]+)", line (\d+)|^([^\s:"][^:\n"]*\.py):(\d+): ?', re.MULTILINE
)


def places(said: str, folder: Path, inside: Path) -> tuple[Place, ...]:
    """The lines below ``folder`` that Python's and pytest's tracebacks name, and how deep they are.

    Those where most tracebacks met come first, and of these the one that was called last. Relative
    paths are those of ``inside``, where the command ran.
    """
    seen: Counter[Place] = Counter()
    for match in _PLACE.finditer(said):
        path = Path(os.path.normpath(inside / (match[1] or match[3])))
        if path.is_relative_to(folder):
            seen[path.relative_to(folder).as_posix(), int(match[2] or match[4])] += 1
    order = {place: number for number, place in enumerate(seen)}
    return tuple(sorted(seen, key=lambda place: (-seen[place], -order[place])))


def first_lines(places: Sequence[Place], before: CodeBase, after: CodeBase) -> list[Place]:
    """Where the functions that hold ``places`` of ``after`` begin in ``before``, each once."""
    found: dict[Place, None] = {}
    for path, line in places:
        if path not in before or path not in after or not path.endswith(".py"):
            continue
        old = {name: first for name, first, _ in _functions(before[path].text)}
        for name, first, last in _functions(after[path].text):
            if first <= line <= last and name in old:
                found[path, old[name]] = None
    return list(found)


def _functions(text: str) -> Iterator[tuple[str, int, int]]:
    """The name of each function that is not inside of another one, its ``def`` and last line."""
    waiting: list[tuple[str, ast.AST]] = [("", node) for node in ast.parse(text).body]
    while waiting:
        prefix, node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{node.name}", node.lineno, node.end_lineno or node.lineno
        elif isinstance(node, ast.stmt):
            inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
            waiting += [
                (inner, child)
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.stmt)
            ]
