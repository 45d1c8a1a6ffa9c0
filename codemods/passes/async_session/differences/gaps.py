"""What an ``async def`` did in one go, and does no longer once its database calls are awaited."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.blocking import Blocking
from codemods.facts.syntax import Function
from codemods.facts.walk import own_nodes, walk
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.sessions.sites import AWAIT, STREAM, Site
from codemods.plan.interleaving import Interleaving
from codemods.plan.shared import SharedState


@dataclass(frozen=True)
class Gap:
    """A place that other requests can come between now, and what they could do there."""

    function: Function
    node: ast.expr
    message: str


def gaps(analysis: Analysis) -> list[Gap]:
    """The gaps in the functions that were ``async def`` already.

    A ``def`` path operation ran in threads, where others came between its lines anyway.
    """
    program = analysis.program
    interleaving = Interleaving(program, SharedState(program, Blocking(program)))
    found: dict[tuple[Function, str], Gap] = {}
    for function, sites in _uninterrupted(analysis).items():
        for site in sites:
            if why := interleaving.gap(site.node, function):
                found.setdefault((function, why), Gap(function, site.node, why))
        for row in _counted(function, program):
            text = ast.unparse(row)
            message = (
                f"`{text}` is computed from what was read before; another request can do so at the "
                "same time now: select the row with_for_update()"
            )
            found.setdefault((function, text), Gap(function, row, message))
    return list(found.values())


def _uninterrupted(analysis: Analysis) -> dict[Function, list[Site]]:
    """The awaited sites of each path operation or helper that was async and never waited."""
    found: dict[Function, list[Site]] = {}
    for site in analysis.sites:
        function = site.function
        if function is None or site.kind not in (AWAIT, STREAM) or not analysis.flips(site):
            continue
        if function.is_async and not analysis.program.web.in_tests(site.module):
            found.setdefault(function, []).append(site)
    return found


def _counted(function: Function, program: Program) -> Iterator[ast.Attribute]:
    """Columns of mapped objects that get a value made from their own: ``post.views += 1``."""
    for node in own_nodes(function):
        match node:
            case ast.AugAssign(target=ast.Attribute() as target):
                pass
            case ast.Assign(targets=[ast.Attribute() as target], value=ast.BinOp() as value) if any(
                isinstance(part, ast.Attribute) and ast.unparse(part) == ast.unparse(target)
                for part in walk(value)
            ):
                pass
            case _:
                continue
        entities = program.models.entities(program.infer(target.value, function.module))
        if any(target.attr in program.models.columns(entity) for entity in entities):
            yield target
