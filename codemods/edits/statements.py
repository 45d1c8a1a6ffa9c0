"""The actions on whole statements: replace, insert, remove.

They change the list of statements that a statement stands in, so they are applied to that list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from codemods.edits.actions import (
    Action,
    InsertAfter,
    InsertBefore,
    InsertCopy,
    RemoveStatement,
    ReplaceStatement,
    WrapRest,
)
from codemods.edits.comments import own_lines
from codemods.edits.copies import copied
from codemods.edits.errors import ActionError
from codemods.edits.expressions import part_of
from codemods.edits.layout import Spot
from codemods.edits.templates import (
    Part,
    body_hole,
    fill_statements,
    holes_of,
    leading_lines,
    with_leading_lines,
)

STATEMENT_ACTIONS = (
    InsertAfter,
    InsertBefore,
    InsertCopy,
    RemoveStatement,
    ReplaceStatement,
    WrapRest,
)

Lines = Sequence[cst.EmptyLine]
Statements = list[cst.BaseStatement]


@dataclass(frozen=True)
class _Body:
    """Statements for a hole, the comments behind them, and how far they were indented."""

    statements: Sequence[cst.BaseStatement]
    footer: Lines = ()
    indent: str = ""


@dataclass
class Outcome:
    """A statement with what stands before and after it now; no ``middle`` where it was removed."""

    middle: Statements
    before: Statements = field(default_factory=list)
    after: Statements = field(default_factory=list)
    #: Comments that stood at the end of the statement's body, which has no block any more.
    tail: Lines = ()


def changed(
    node: cst.BaseSmallStatement | cst.BaseStatement,
    actions: Sequence[Action],
    spot: Spot,
) -> Outcome:
    """What the statement actions make of one statement at a spot."""
    outcome = Outcome([_as_line(node)])
    for action in actions:
        match action:
            case InsertBefore(template):
                outcome.before += _filled(template, node, spot)[0]
            case InsertAfter(template):
                outcome.after += _filled(template, node, spot)[0]
            case InsertCopy():
                outcome.after += spot.new(_copy(node, action))
            case ReplaceStatement(template):
                outcome.middle, outcome.tail = _filled(template, node, spot)
            case WrapRest():
                raise ActionError("is not the first of its line")
            case RemoveStatement():
                outcome.middle = []
    return outcome


def _copy(node: cst.BaseSmallStatement | cst.BaseStatement, action: InsertCopy) -> Statements:
    copy, value = copied(node, action)
    if value is None:
        return [_as_line(copy)]
    return fill_statements(action.template, lambda hole: value)


def _as_line(node: cst.BaseSmallStatement | cst.BaseStatement) -> cst.BaseStatement:
    """A statement that stands for itself, without the lines above it."""
    if isinstance(node, cst.BaseSmallStatement):
        return cst.SimpleStatementLine([node.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])
    return with_leading_lines(node, ())


def _filled(
    template: str,
    node: cst.BaseSmallStatement | cst.BaseStatement,
    spot: Spot,
) -> tuple[Statements, Lines]:
    statements = spot.new(fill_statements(template, lambda hole: _part(node, hole)))
    if not {"body", "self"} & holes_of(template):
        return statements, ()
    splicer = _BodySplicer(spot)
    splicer.fills["self"] = _Body([_as_line(node)])
    if isinstance(suite := getattr(node, "body", None), cst.BaseSuite):
        splicer.fills["body"] = _suite(suite, spot)
    return splicer.spliced(statements)


def wrapped(template: str, statements: Statements, footer: Lines, spot: Spot) -> Outcome:
    """What stands for statements that a template wraps; ``footer`` are comments behind them."""
    if "body" not in holes_of(template) or not statements:
        raise ActionError("has nothing to wrap")
    new = spot.new(fill_statements(template, _nothing))
    splicer = _BodySplicer(spot)
    first, *others = statements
    first = with_leading_lines(first, _split(leading_lines(first))[1])
    splicer.fills["body"] = _Body([first, *others], footer)
    middle, tail = splicer.spliced(new)
    return Outcome(middle, tail=tail)


def _nothing(hole: str) -> Part:
    raise ActionError(f"there is no {{{hole}}}")


def _suite(suite: cst.BaseSuite, spot: Spot) -> _Body:
    if isinstance(suite, cst.IndentedBlock):
        indent = spot.layout.default_indent if suite.indent is None else suite.indent
        return _Body(suite.body, suite.footer, indent)
    if isinstance(suite, cst.SimpleStatementSuite):
        line = cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)
        return _Body([line])
    raise ActionError("has a body of an unknown kind")


def _below(lines: Lines, statement: cst.BaseStatement) -> cst.BaseStatement:
    if not lines:
        return statement
    return with_leading_lines(statement, [*lines, *leading_lines(statement)])


class _BodySplicer(cst.CSTTransformer):
    """Puts bodies in the place of the holes that stand on a line of their own."""

    def __init__(self, spot: Spot) -> None:
        super().__init__()
        self.spot = spot
        self.fills: dict[str, _Body] = {}
        self.indents: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Go down to statements only."""
        if isinstance(node, cst.IndentedBlock):
            default = self.spot.layout.default_indent
            self.indents.append(default if node.indent is None else node.indent)
        return not isinstance(node, (cst.SimpleStatementLine, cst.BaseExpression))

    def leave_IndentedBlock(  # noqa: N802
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        """Fill the holes among the statements of a block."""
        body, pending = self._filled(updated_node.body)
        self.indents.pop()
        return updated_node.with_changes(body=body, footer=[*pending, *updated_node.footer])

    def spliced(self, statements: Sequence[cst.BaseStatement]) -> tuple[Statements, Lines]:
        """``statements`` with their holes filled, and the comments left at the end."""
        visited = [statement.visit(self) for statement in statements]
        return self._filled([one for one in visited if isinstance(one, cst.BaseStatement)])

    def _filled(self, statements: Sequence[cst.BaseStatement]) -> tuple[Statements, Lines]:
        result: Statements = []
        pending: Lines = ()
        for statement in statements:
            hole = body_hole(statement)
            if not hole:
                result.append(_below(pending, statement))
                pending = ()
            elif hole not in self.fills:
                raise ActionError(f"there is no {{{hole}}}")
            else:
                fill = self.fills[hole]
                body = self.spot.moved(fill.statements, fill.indent, "".join(self.indents))
                lines = [*pending, *leading_lines(statement)]
                result += [_below(lines, body[0]), *body[1:]]
                pending = fill.footer
        return result, pending


def _part(node: cst.BaseSmallStatement | cst.BaseStatement, hole: str) -> Part:
    """The part of a statement that a hole names."""
    part: Part | None = None
    match node, hole:
        case (
            (cst.Return() | cst.Assign() | cst.AnnAssign() | cst.AugAssign() | cst.Expr()),
            "value",
        ):
            part = node.value
        case cst.Assign(targets=[target]), "target":
            part = target.target
        case ((cst.AnnAssign() | cst.AugAssign() | cst.For()), "target"):
            part = node.target
        case cst.With(), "items":
            part = node
        case cst.With(items=items), _ if hole.isdigit() and int(hole) < len(items):
            part = items[int(hole)].item
        case ((cst.If() | cst.While() | cst.Assert()), "test"):
            part = node.test
        case cst.For(), "iter":
            part = node.iter
        case cst.Expr(), _:
            part = part_of(node.value, hole)
    if part is None:
        raise ActionError(f"there is no {{{hole}}}")
    return part


def changed_line(line: cst.SimpleStatementLine, outcomes: Sequence[Outcome | None]) -> Outcome:
    """What becomes of a line of simple statements; None stands for an unchanged one."""
    result: Statements = []
    run: list[cst.BaseSmallStatement] = []

    def flush() -> None:
        if run:
            run[-1] = run[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            result.append(cst.SimpleStatementLine([*run]))
            run.clear()

    for small, outcome in zip(line.body, outcomes, strict=True):
        if outcome is None:
            run.append(small)
        else:
            flush()
            result += [*outcome.before, *outcome.middle, *outcome.after]
    flush()
    first, last = outcomes[0], outcomes[-1]
    start = len(first.before) if first else 0
    end = len(result) - (len(last.after) if last else 0)
    middle = result[start:end]
    if last is None or last.middle:
        middle = _commented(middle, line.trailing_whitespace)
    return Outcome(middle, result[:start], result[end:])


def _commented(statements: Statements, trailing: cst.TrailingWhitespace) -> Statements:
    """``statements`` with a comment at the end of their last line, or above them."""
    if trailing.comment is None:
        return statements
    for index in reversed(range(len(statements))):
        statement = statements[index]
        if isinstance(statement, cst.SimpleStatementLine):
            if statement.trailing_whitespace.comment:
                break
            changed = statement.with_changes(trailing_whitespace=trailing)
            return [*statements[:index], changed, *statements[index + 1 :]]
    if not statements:
        return []
    return [_below([cst.EmptyLine(comment=trailing.comment)], statements[0]), *statements[1:]]


def joined(
    statements: Sequence[tuple[cst.BaseStatement, Outcome | None]], top: bool
) -> tuple[Statements, Lines]:
    """The statements of a body after its edits, and the comments left behind the last one.

    ``top`` says whether the body is that of the module.
    """
    result: Statements = []
    pending: Lines = ()
    gone = False
    made: set[int] = set()
    for statement, outcome in statements:
        old = leading_lines(statement)
        lines = _merged(pending, old)
        if gone and not result and not top:
            lines = _split(lines)[1]
        if outcome is not None:
            new, pending = _with_lines(outcome, lines)
            made |= _definitions(new, outcome, statement, len(result))
            result += new
            pending = [*pending, *outcome.tail]
            gone = gone or not new
        else:
            result.append(statement if lines is old else with_leading_lines(statement, lines))
            pending = ()
    return _spaced(result, made, 2 if top else 1), pending


def _definitions(new: Statements, outcome: Outcome, old: cst.BaseStatement, start: int) -> set[int]:
    """The places of functions and classes that an outcome brought into the body."""
    kept = (
        range(len(outcome.before), len(outcome.before) + len(outcome.middle))
        if isinstance(old, (cst.FunctionDef, cst.ClassDef))
        else ()
    )
    return {
        start + index
        for index, statement in enumerate(new)
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef)) and index not in kept
    }


def _spaced(statements: Statements, made: set[int], blanks: int) -> Statements:
    """Statements with the usual blank lines around the definitions at the places ``made``."""
    if not made:
        return statements
    result: Statements = []
    for index, statement in enumerate(statements):
        if index and (index in made or index - 1 in made):
            empty, rest = _split(leading_lines(statement))
            if len(empty) < blanks:
                lines = [*([cst.EmptyLine(indent=False)] * blanks), *rest]
                statement = with_leading_lines(statement, lines)
        result.append(statement)
    return result


def _with_lines(outcome: Outcome, lines: Lines) -> tuple[Statements, Lines]:
    """The statements of an outcome, below the lines that stood above the old statement."""
    before, middle = [*outcome.before], [*outcome.middle]
    if not (before or middle or outcome.after):
        return [], lines
    if not (before and middle):
        first, *others = [*before, *middle, *outcome.after]
        return [_below(lines, first), *others], ()
    blanks, comments = _split(lines)
    definition = isinstance(middle[0], (cst.FunctionDef, cst.ClassDef))
    before[0] = _below(blanks, before[0])
    middle[0] = _below([*blanks, *comments] if definition else comments, middle[0])
    return [*before, *middle, *outcome.after], ()


def _split(lines: Lines) -> tuple[Lines, Lines]:
    """The blank lines at the start, and the rest from the first comment on."""
    for index, line in enumerate(lines):
        if line.comment:
            return lines[:index], lines[index:]
    return lines, ()


def _merged(pending: Lines, lines: Lines) -> Lines:
    """Lines above a removed statement and above the next: the blank ones between only once."""
    if not pending:
        return lines
    if own_lines(pending):
        return [*pending, *lines]
    blanks, comments = _split(lines)
    return [*max(pending, blanks, key=len), *comments]
