"""What moves into functions that threads call: runs of statements, then blocks that open files."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from codemods.facts import Program
from codemods.facts.streamed import Streamed
from codemods.passes.blocking_calls.around import is_in_loop, opening_block
from codemods.passes.blocking_calls.blocks import Blocks, Moved
from codemods.passes.blocking_calls.files import Opened
from codemods.passes.blocking_calls.runs import Run, Runs
from codemods.passes.blocking_calls.sites import Site

#: What an open file is that is given to something at once.
_ARGUMENT = (ast.Call, ast.keyword, ast.Dict, ast.Tuple, ast.List)
Fits = Callable[[Site], bool]


class Mover:
    """Finds all that moves among some sites, with the files that they open."""

    def __init__(
        self, program: Program, blocks: Blocks, opened: Sequence[Opened], sites: Sequence[Site]
    ) -> None:
        self.blocks = blocks
        self.opened = opened
        self.sites = sites
        self.streamed = Streamed(program)

    def all(self, fits: Fits, collects: Fits) -> Iterator[tuple[Moved, tuple[Site, ...]]]:
        """What moves, each with its sites."""
        handed = {
            one.site.call
            for one in self.opened
            if one.obstacle and isinstance(one.site.module.parent(one.site.call), _ARGUMENT)
        }
        runs = Runs(self.sites, fits, collects, self.streamed, handed)
        found: list[tuple[Moved, tuple[Site, ...]]] = []
        others = self._candidates(runs)

        def move(run: Run) -> bool:
            moved = self.blocks.moved(run.statements, run.sites[0], run.sites, others)
            if moved is not None:
                found.append((moved, run.sites))
            return moved is not None

        runs.each(move)
        gone = {site.call for _, sites in found for site in sites}
        yield from found
        yield from self._blocks(fits, others, gone)

    def _candidates(self, runs: Runs) -> frozenset[ast.AST]:
        """The nodes of all that may move."""
        statements: list[ast.stmt] = [
            block for one in self.opened if (block := opening_block(one.site)) is not None
        ]

        def note(run: Run) -> bool:
            statements.extend(run.statements)
            return True

        runs.each(note)
        return frozenset(node for one in statements for node in ast.walk(one))

    def _blocks(
        self, fits: Fits, others: frozenset[ast.AST], gone: set[ast.Call]
    ) -> Iterator[tuple[Moved, tuple[Site, ...]]]:
        for opened in self.opened:
            opener = opened.site
            block = opening_block(opener)
            if block is None or opener.call in gone:
                continue
            if not opened.obstacle and is_in_loop(block, opener):
                continue  # a function in a loop is worth it only where nothing else would do
            inside = set(ast.walk(block))
            sites = tuple(site for site in self.sites if site.call in inside)
            if not all(map(fits, sites)):
                continue
            moved = self.blocks.moved((block,), opener, sites, others)
            if moved is not None:
                gone |= {site.call for site in sites}
                yield moved, sites
