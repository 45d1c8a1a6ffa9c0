"""Which statements of a function one thread should do: those that block one after another.

Each call of a file changes threads, which costs more than many a call itself: statements that
follow each other, and that use the disk more than once, change threads together. What waits at each
step (the lines of an answer that is streamed, a folder) can only be done by one thread as a whole,
with the call that it comes from.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from codemods.facts.blocking_table import Form, Kind
from codemods.facts.streamed import Streamed
from codemods.facts.syntax import Function
from codemods.passes.blocking_calls.blocks import is_bound
from codemods.passes.blocking_calls.sites import Site

#: What repeats the calls that stand in it.
_REPEATING = (
    ast.For,
    ast.While,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
#: As many changes of threads are worth a function of their own.
_ENOUGH = 2


@dataclass(frozen=True)
class Run:
    """Statements of one body that block one after another, and the calls in them that do."""

    statements: tuple[ast.stmt, ...]
    sites: tuple[Site, ...]


@dataclass(frozen=True)
class _Part:
    """A statement: its sites, how often it changes threads, and whether it may move.

    It ``starts`` something that waits when it is read, and has to move (``must``) with what reads
    it; or it hands an open file on.
    """

    statement: ast.stmt
    sites: tuple[Site, ...]
    hops: int
    starts: bool
    must: bool
    fits: bool


class Runs:
    """Finds the runs in the functions of some sites.

    ``fits`` says whether a thread may make the call of a site among others, ``collects`` whether
    it can use up the iterator of one alone. ``handed`` are the files that are handed on.
    """

    def __init__(
        self,
        sites: Iterable[Site],
        fits: Callable[[Site], bool],
        collects: Callable[[Site], bool],
        streamed: Streamed,
        handed: Set[ast.Call],
    ) -> None:
        self.handed = handed
        self.fits = fits
        self.collects = collects
        self.streamed = streamed
        self._sites: dict[Function, dict[ast.AST, Site]] = {}
        for site in sites:
            self._sites.setdefault(site.function, {})[site.call] = site

    def each(self, move: Callable[[Run], bool]) -> None:
        """Offer each run to ``move``, and parts of those that it refuses, the longest first."""
        for function, sites in self._sites.items():
            if any(map(self._is_wanted, sites.values())):
                self._in_body(function.definition.body, function, move)

    def _in_body(
        self, body: Sequence[ast.stmt], function: Function, move: Callable[[Run], bool]
    ) -> None:
        row: list[_Part] = []
        for statement in body:
            part = self._part(statement, function)
            if part.fits:
                row.append(part)
                continue
            self._offer(row, function, move)
            row = []
            self._within([statement], function, move)
        self._offer(row, function, move)

    def _offer(
        self, parts: Sequence[_Part], function: Function, move: Callable[[Run], bool]
    ) -> None:
        """Offer the longest runs of a row of statements, then those at their sides and within."""
        for first, end in _spans(len(parts)):
            run = self._run(parts[first:end])
            if run is not None and run.statements[0] is parts[first].statement and move(run):
                self._offer(parts[:first], function, move)
                self._offer(parts[first + len(run.statements) :], function, move)
                return
        self._within([part.statement for part in parts], function, move)

    def _within(
        self, statements: Iterable[ast.stmt], function: Function, move: Callable[[Run], bool]
    ) -> None:
        for statement in statements:
            for body in _bodies(statement):
                self._in_body(body, function, move)

    def _run(self, parts: Sequence[_Part]) -> Run | None:
        """The parts from the first to the last that blocks, if that is worth a function."""
        blocking = [
            index for index, part in enumerate(parts) if part.hops or part.starts or part.must
        ]
        if not blocking:
            return None
        parts = parts[blocking[0] : blocking[-1] + 1]
        if sum(part.hops for part in parts) < _ENOUGH and not any(part.must for part in parts):
            return None
        sites = tuple(site for part in parts for site in part.sites)
        lines = {part.statement.lineno for part in parts}
        if not sites or len(lines) < len(parts):
            return None
        return Run(tuple(part.statement for part in parts), sites)

    def _part(self, statement: ast.stmt, function: Function) -> _Part:
        known = self._sites[function]
        inside = list(ast.walk(statement))
        sites = tuple(known[node] for node in inside if node in known)
        hands = any(site.call in self.handed for site in sites)
        fits = not any(map(is_bound, inside)) and all(
            (self._is_wanted(site) or (hands and site.blocker.form is Form.THREAD))
            and self.fits(site)
            for site in sites
        )
        must = hands or any(map(self._steps, sites))
        if not must:
            must = any(True for _ in self.streamed.reads(inside, function))
        starts = any(self.streamed.makes(site.call, site.module) for site in sites)
        return _Part(statement, sites, _hops(statement, sites), starts, must, fits)

    def _steps(self, site: Site) -> bool:
        """Whether a call gives what waits at each step, and no thread can use up alone."""
        return site.blocker.form is Form.LAZY and not site.helpers and not self.collects(site)

    def _is_wanted(self, site: Site) -> bool:
        return (
            site.blocker.kind is Kind.DISK
            or site.blocker.form is Form.LAZY
            or self.streamed.makes(site.call, site.module)
        )


def _spans(length: int) -> Iterator[tuple[int, int]]:
    """Parts of a row of that length, the longest first."""
    for size in range(length, 0, -1):
        for first in range(length - size + 1):
            yield first, first + size


def _hops(statement: ast.stmt, sites: Iterable[Site]) -> int:
    """How often the disk makes a statement change threads."""
    hops = 0
    for site in sites:
        if isinstance(statement, ast.With) and _is_entered(site, statement):
            return 1  # it moves as a whole
        if not site.blocker.slight and site.blocker.kind is Kind.DISK:
            hops += _ENOUGH if _is_repeated(site, statement) else 1
    return hops


def _is_entered(site: Site, block: ast.With) -> bool:
    return site.blocker.form is Form.OPEN and any(
        item.context_expr is site.call for item in block.items
    )


def _is_repeated(site: Site, statement: ast.stmt) -> bool:
    """Whether a call is made many times while a statement runs once."""
    child: ast.AST = site.call
    for parent in site.module.ancestors(site.call):
        match parent:
            case ast.For(iter=once) if child is once:
                pass
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if (
                child is parent.generators[0]
                and any(node is site.call for node in ast.walk(parent.generators[0].iter))
            ):
                pass
            case _ if isinstance(parent, _REPEATING):
                return True
        if parent is statement:
            return False
        child = parent
    return False


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The lists of statements in a compound statement of the same function."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return
        case ast.Try() | ast.TryStar():
            yield statement.body
            yield from (handler.body for handler in statement.handlers)
            yield statement.orelse
            return
        case ast.Match(cases=cases):
            yield from (case.body for case in cases)
            return
        case ast.If(orelse=[ast.If() as other]) if other.col_offset == statement.col_offset:
            yield statement.body
            yield from _bodies(other)
            return
    for name in ("body", "orelse"):
        body = getattr(statement, name, [])
        if isinstance(body, list):
            yield body


__all__ = ["Run", "Runs"]
