"""The comments of a node, so that none is lost with the code that it stood beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import libcst as cst

from codemods.edits.templates import leading_lines, with_leading_lines


class _Collector(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.comments: list[str] = []

    def visit_Comment(self, node: cst.Comment) -> None:  # noqa: N802
        self.comments.append(node.value)


def comments_of(*nodes: cst.CSTNode) -> list[str]:
    """All comments in ``nodes``, in order."""
    collector = _Collector()
    for node in nodes:
        node.visit(collector)
    return collector.comments


def own_lines(lines: Sequence[cst.EmptyLine]) -> bool:
    """Whether there is a comment among blank lines."""
    return any(line.comment for line in lines)


def with_lost(
    before: cst.CSTNode,
    after: Sequence[cst.BaseStatement],
    tail: Sequence[cst.EmptyLine] = (),
) -> list[cst.BaseStatement]:
    """``after`` with the comments above it that are in ``before`` and no longer in it.

    ``tail`` are the lines that come behind it.
    """
    if not after:
        return []
    lines = lost([before], [*after, *tail])
    if not lines:
        return [*after]
    first = with_leading_lines(after[0], [*leading_lines(after[0]), *lines])
    return [first, *after[1:]]


def lost(before: Sequence[cst.CSTNode], after: Sequence[cst.CSTNode]) -> list[cst.EmptyLine]:
    """Lines with the comments of ``before`` that ``after`` has not."""
    there = "\n".join(comments_of(*after))  # two that came together are one comment then
    seen: Counter[str] = Counter()
    lines: list[cst.EmptyLine] = []
    for comment in comments_of(*before):
        seen[comment] += 1
        if there.count(comment) < seen[comment]:
            lines.append(cst.EmptyLine(comment=cst.Comment(comment)))
    return lines
