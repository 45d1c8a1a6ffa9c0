"""Imports that a pass adds, and the statements that it puts behind them or at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import libcst as cst

from codemods.edits.actions import FileEdits, Import
from codemods.edits.comments import own_lines
from codemods.edits.import_blocks import (
    FUTURE,
    Block,
    blocks_of,
    head_of,
    import_by,
    import_of,
    imported,
    is_type_checking,
    module_in,
    module_of,
    section_of,
    sorted_place,
    statement_place,
    top_package,
)
from codemods.edits.import_drops import Dropper
from codemods.edits.layout import Layout
from codemods.edits.statements import joined
from codemods.edits.templates import leading_lines, with_leading_lines

Body = list[cst.BaseStatement]

_BLANK = cst.EmptyLine(indent=False)


def with_additions(
    path: str,
    module: cst.Module,
    edits: FileEdits,
    layout: Layout,
    first_party: frozenset[str] = frozenset(),
) -> cst.Module:
    """The module with the imports and statements that ``edits`` add to it."""
    if not (edits.add_imports or edits.after_imports or edits.append):
        return module
    adder = _Adder(path, module, layout, first_party)
    for one in edits.add_imports:
        adder.add(one)
    adder.put_after_imports(edits.after_imports)
    adder.append(edits.append)
    return module.with_changes(body=adder.body, footer=adder.footer)


class _Adder:
    def __init__(
        self, path: str, module: cst.Module, layout: Layout, first_party: frozenset[str]
    ) -> None:
        self.module = module
        self.layout = layout
        self.footer: Sequence[cst.EmptyLine] = module.footer
        self.body: Body = [*module.body]
        self.first_party = first_party | set(PurePosixPath(path).with_suffix("").parts)

    def add(self, one: Import) -> None:
        """Add an import, unless the module has it."""
        if self._is_there(one):
            return
        if not self._merged(one):
            self._insert(one)
        self._drop_for_types(one)

    def _drop_for_types(self, one: Import) -> None:
        """Take an import out of ``if TYPE_CHECKING:``, now that it is there at run time."""
        dropper = Dropper(frozenset({one}))
        pairs = [
            dropper.dropped(statement)
            if isinstance(statement, cst.If) and is_type_checking(statement.test)
            else (statement, None)
            for statement in self.body
        ]
        self.body, pending = joined(pairs, top=True)
        self.footer = [*(line for line in pending if line.comment), *self.footer]

    def _is_there(self, one: Import) -> bool:
        statements: list[cst.CSTNode] = [*self.body]
        for statement in self.body:
            if isinstance(statement, cst.Try) and isinstance(statement.body, cst.IndentedBlock):
                statements += statement.body.body
        nodes = (import_of(statement) for statement in statements)
        return any(one in imported(node) for node in nodes if node)

    def _merged(self, one: Import) -> bool:
        """Add a name to a statement that imports from its module already."""
        if not one.name:
            return False
        for index, statement in enumerate(self.body[: head_of(self.body)]):
            node = import_of(statement)
            if not isinstance(node, cst.ImportFrom) or not isinstance(
                statement, cst.SimpleStatementLine
            ):
                continue
            if module_of(node) == one.module and not isinstance(node.names, cst.ImportStar):
                changed = statement.with_changes(body=[_with_name(node, one)])
                self.body[index] = self.layout.line(statement, changed, "", rewritten=False)
                return True
        return False

    def _insert(self, one: Import) -> None:
        [statement] = self._parsed(source_of(one))
        if not isinstance(statement, cst.SimpleStatementLine):
            return
        statement = self.layout.line(None, statement, "")
        blocks = blocks_of(self.body)
        section = section_of(one.module, self.first_party)
        block = self._block(blocks, one.module, section)
        if block is None:
            self._insert_block(blocks, statement, section)
            return
        place = statement_place(block, statement, self.first_party)
        if place is None:
            place = _beside_relatives(block, statement, self.first_party)
        if place == block.start:
            first = self.body[place]
            statement = statement.with_changes(leading_lines=leading_lines(first))
            self.body[place] = with_leading_lines(first, ())
        self.body.insert(place, statement)

    def _block(self, blocks: Sequence[Block], module: str, section: int) -> Block | None:
        """The block that an import of ``module`` belongs to."""
        top = top_package(module)
        for block in reversed(blocks):
            if any(top_package(module_in(one)) == top for one in block.statements):
                return block
        for block in reversed(blocks):
            if section in self._sections(block):
                return block
        others = [block for block in blocks if FUTURE not in self._sections(block)]
        if len(others) == 1 and len(self._sections(others[0])) > 1:
            return others[0]
        return None

    def _sections(self, block: Block) -> set[int]:
        return {section_of(module_in(one), self.first_party) for one in block.statements}

    def _insert_block(
        self, blocks: Sequence[Block], statement: cst.SimpleStatementLine, section: int
    ) -> None:
        """A new block, between those of lower and of higher sections."""
        before = [block for block in blocks if min(self._sections(block)) < section]
        if blocks and not before:
            place = blocks[0].start
            first = self.body[place]
            lines = [*leading_lines(first)]
            self.body[place] = with_leading_lines(first, [_BLANK])
            self.body.insert(place, statement.with_changes(leading_lines=lines))
            return
        place = before[-1].end if before else head_of(self.body)
        self._put(place, [statement])

    def put_after_imports(self, sources: Sequence[str]) -> None:
        """Put statements behind the imports."""
        place = head_of(self.body)
        for source in sources:
            new = self._parsed(source)
            self._put(place, new)
            place += len(new)

    def append(self, sources: Sequence[str]) -> None:
        """Put statements at the end."""
        for source in sources:
            new = self._parsed(source)
            if new and own_lines(self.footer):
                new[0] = with_leading_lines(new[0], [*self.footer, *leading_lines(new[0])])
                self.footer = ()
            self._put(len(self.body), new)

    def _put(self, place: int, statements: Sequence[cst.BaseStatement]) -> None:
        """Put statements at a place, with blank lines around them."""
        if not statements:
            return
        new = [*statements]
        before = self.body[place - 1] if place else None
        if before is not None:
            new[0] = _apart(new[0], _gap(before, new[0]))
        if place < len(self.body):
            after = self.body[place]
            self.body[place] = _apart(after, _gap(new[-1], after))
        self.body[place:place] = new

    def _parsed(self, source: str) -> Body:
        module = cst.parse_module(source.strip("\n") + "\n")
        body: Body = [*module.body]
        if body and module.header:
            lines = [*module.header, *leading_lines(body[0])]
            body[0] = with_leading_lines(body[0], lines)
        return body


def source_of(one: Import) -> str:
    """An import as a line of source."""
    what = f"from {one.module} import {one.name}" if one.name else f"import {one.module}"
    return f"{what} as {one.alias}" if one.alias else what


def _beside_relatives(
    block: Block, statement: cst.SimpleStatementLine, first_party: frozenset[str]
) -> int:
    """The place in a block without an order: among the imports of the same package, where those
    have one; or else behind the last import of its section or of a lower one."""
    module = module_in(statement)
    top, section = top_package(module), section_of(module, first_party)
    modules = [module_in(one) for one in block.statements]
    relatives = [index for index, one in enumerate(modules) if top_package(one) == top]
    if relatives:
        names = [modules[index] for index in relatives]
        later = [index for index in relatives if modules[index] > module]
        return block.start + (later[0] if later and names == sorted(names) else relatives[-1] + 1)
    before = [i for i, one in enumerate(modules) if section_of(one, first_party) <= section]
    return block.start + (before[-1] + 1 if before else 0)


def _gap(before: cst.CSTNode, after: cst.CSTNode) -> int:
    """How many blank lines belong between two statements of a module."""
    definitions = (cst.FunctionDef, cst.ClassDef)
    return 2 if isinstance(before, definitions) or isinstance(after, definitions) else 1


def _apart(statement: cst.BaseStatement, blanks: int) -> cst.BaseStatement:
    """``statement`` with at least so many blank lines above it and its comments."""
    lines = leading_lines(statement)
    there = next((index for index, line in enumerate(lines) if line.comment), len(lines))
    if there >= blanks:
        return statement
    return with_leading_lines(statement, [*[_BLANK] * (blanks - there), *lines])


def _with_name(node: cst.ImportFrom, one: Import) -> cst.ImportFrom:
    """``node`` importing one name more, in the order and the layout that it has."""
    aliases = [] if isinstance(node.names, cst.ImportStar) else [*node.names]
    alias = cst.ImportAlias(
        cst.Name(one.name), cst.AsName(cst.Name(one.alias)) if one.alias else None
    )
    names = [import_by(node, other).name for other in aliases]
    place = sorted_place(names, one.name)
    gap: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    opening = node.lpar.whitespace_after if node.lpar else None
    if isinstance(opening, cst.ParenthesizedWhitespace):
        gap = opening.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=())
    if place < len(aliases):
        aliases.insert(place, alias.with_changes(comma=cst.Comma(whitespace_after=gap)))
        return node.with_changes(names=aliases)
    last = aliases[-1]
    rpar = node.rpar
    if isinstance(last.comma, cst.Comma):
        alias, last = _behind_comma(alias, last, gap)
    else:
        if rpar and isinstance(closing := rpar.whitespace_before, cst.ParenthesizedWhitespace):
            if isinstance(gap, cst.ParenthesizedWhitespace):
                gap = gap.with_changes(first_line=closing.first_line)
            closing = closing.with_changes(first_line=cst.TrailingWhitespace())
            rpar = rpar.with_changes(whitespace_before=closing)
        last = last.with_changes(comma=cst.Comma(whitespace_after=gap))
    return node.with_changes(names=[*aliases[:-1], last, alias], rpar=rpar)


def _behind_comma(
    alias: cst.ImportAlias, last: cst.ImportAlias, gap: cst.BaseParenthesizableWhitespace
) -> tuple[cst.ImportAlias, cst.ImportAlias]:
    """A name behind the last one, which has a comma: comments stay with their names."""
    comma = last.comma
    final: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace("")
    if isinstance(comma, cst.Comma):
        final = comma.whitespace_after
    if isinstance(final, cst.ParenthesizedWhitespace):
        if isinstance(gap, cst.ParenthesizedWhitespace):
            gap = gap.with_changes(first_line=final.first_line)
        final = final.with_changes(first_line=cst.TrailingWhitespace())
    return (
        alias.with_changes(comma=cst.Comma(whitespace_after=final)),
        last.with_changes(comma=cst.Comma(whitespace_after=gap)),
    )
