"""Lines that are aligned with an opening bracket follow it where an edit moves it."""

from __future__ import annotations

import io
import tokenize

Place = tuple[int, int]


def realigned(old: str, new: str) -> str:
    """``new`` with its lines aligned to brackets as those of ``old`` are.

    Both are the source of one statement; where they differ in their lines, nothing is done.
    """
    if old.count("\n") != new.count("\n") or new.count("\n") < 2:
        return new
    try:
        before, after = _openings(old), _openings(new)
    except (tokenize.TokenError, SyntaxError):
        return new
    lines = new.split("\n")
    old_lines = old.split("\n")
    shifts: dict[int, int] = {}
    for row in sorted(before.keys() & after.keys()):
        line, old_line = lines[row], old_lines[row]
        indent = len(line) - len(line.lstrip())
        if before[row][1] + 1 != len(old_line) - len(old_line.lstrip()) or "\t" in line[:indent]:
            continue
        opening_row, column = after[row]
        shifts[row] = column + 1 + shifts.get(opening_row, 0) - indent
        lines[row] = " " * (indent + shifts[row]) + line.lstrip()
    return "\n".join(lines)


def _openings(code: str) -> dict[int, Place]:
    """The innermost open bracket at the start of each line that does not begin in a string.

    Brackets that end their line are left out: nothing aligns with them.
    """
    openings: dict[int, Place] = {}
    stack: list[Place] = []
    lines = code.split("\n")
    row = 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        start_row, column = token.start[0] - 1, token.start[1]
        if start_row > row and stack and not lines[start_row][:column].strip():
            opening_row, opening_column = stack[-1]
            rest = lines[opening_row][opening_column + 1 :].strip()
            if rest and not rest.startswith("#"):
                openings.setdefault(start_row, stack[-1])
        row = token.end[0] - 1
        if token.type == tokenize.OP and token.string in "([{":
            stack.append((start_row, column))
        elif token.type == tokenize.OP and token.string in ")]}" and stack:
            stack.pop()
    return openings
