"""What the user asks to leave: taken out of the analysis together with what depends on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.findings import Code
from codemods.passes.eager_loading import codes
from codemods.passes.eager_loading.defaults import EagerDefaults
from codemods.passes.eager_loading.loads import Place, Placement
from codemods.suppression import Silence

if TYPE_CHECKING:
    from codemods.passes.eager_loading.plan import Analysis


@dataclass(frozen=True)
class Left:
    """A place that stays as it is, and who asks for it."""

    module: Module
    node: ast.AST
    code: Code
    message: str
    reason: str


def leave_silenced(found: Analysis, silence: Silence) -> list[Left]:
    """Take out of ``found`` what is silenced; gives what was taken out.

    Where something that is read after a commit stays as it is, sessions go on expiring: their
    factories stay too.
    """
    left = [*_places(found.placement, silence), *_read_after(found, silence)]
    expiring = next((one.reason for one in left if one.code in (codes.STALE, codes.EMPTY)), "")
    kept = []
    for factory in found.factories:
        reason = _why(silence, factory.module, factory.call, codes.EXPIRES) or expiring
        if reason:
            message = "the objects of this session go on expiring on commit"
            left.append(Left(factory.module, factory.call, codes.EXPIRES, message, reason))
        else:
            kept.append(factory)
    found.factories = kept
    return left


def _why(silence: Silence, module: Module, node: ast.AST, code: Code) -> str:
    return silence.why(module.path, module.key(node).line, code.code)


def _places(placement: Placement, silence: Silence) -> Iterator[Left]:
    """Queries, and the calls that would tell functions with such queries what to load."""
    reasons = {
        place.node: reason
        for place in placement.places.values()
        if (reason := _why(silence, place.module, place.node, codes.LAZY))
    }
    while more := {
        place.node: reasons[inner.node]
        for place in placement.places.values()
        for inner in placement.places.values()
        if place.node not in reasons and inner.node in reasons and _tells(place, inner)
    }:
        reasons |= more
    for node, reason in reasons.items():
        place = placement.places.pop(node)
        paths = sorted({".".join(load.path) for load in place.loads})
        if paths:
            message = f"loads {', '.join(paths)} lazily"
            yield Left(place.module, node, codes.LAZY, message, reason)
    if reasons:
        passing = {
            place.module.function_of(place.node)
            for place in placement.places.values()
            if place.passes
        }
        placement.parameters &= {function for function in passing if function is not None}


def _tells(place: Place, inner: Place) -> bool:
    """Whether ``place`` calls the function of ``inner`` with what that has to load."""
    return inner.passes and place.callee is inner.module.function_of(inner.node)


def _read_after(found: Analysis, silence: Silence) -> Iterator[Left]:
    reloads, found.reloads = found.reloads, []
    for reload in reloads:
        module, node = reload.spot.function.module, reload.spot.statement
        if reason := _why(silence, module, node, codes.LAZY):
            message = f"{reload.spot.name} was saved, and relationships of it are loaded lazily"
            yield Left(module, node, codes.LAZY, message, reason)
        else:
            found.reloads.append(reload)
    stales, found.stale = found.stale, []
    for stale in stales:
        module, code = stale.function.module, codes.EMPTY if stale.expire else codes.STALE
        if reason := _why(silence, module, stale.statement, code):
            message = f"{stale.name} is used after the commit that expired it"
            yield Left(module, stale.statement, code, message, reason)
        else:
            found.stale.append(stale)
    yield from _read_again(found, silence)
    requeries, found.requeries = found.requeries, []
    for requery in requeries:
        if reason := _why(silence, requery.module, requery.node, codes.STALE):
            message = f"{requery.entity.name} is queried again behind the commit that expired it"
            yield Left(requery.module, requery.node, codes.STALE, message, reason)
        else:
            found.requeries.append(requery)


def _read_again(found: Analysis, silence: Silence) -> Iterator[Left]:
    """What is read after a rollback or ``expire``, and what tests load for themselves."""
    expired, found.expired = found.expired, []
    for one in expired:
        if reason := _why(silence, one.function.module, one.statement, codes.EXPIRED):
            message = f"{one.name} is read after a call that expired it"
            yield Left(one.function.module, one.statement, codes.EXPIRED, message, reason)
        else:
            found.expired.append(one)
    for between in found.between:
        for last in between.reads:
            module, use = last.function.module, last.readers[0]
            if reason := _why(silence, module, use, codes.EXPIRED):
                message = f"{last.name} is read after another test expired it"
                yield Left(module, use, codes.EXPIRED, message, reason)
    defaults, found.defaults = found.defaults, []
    for default in defaults:
        node = default.statement if isinstance(default, EagerDefaults) else default.node
        if reason := _why(silence, default.cls.module, node, codes.DEFAULTS):
            message = f"{default.column} of {default.cls.name} expires whenever a row is updated"
            yield Left(default.cls.module, node, codes.DEFAULTS, message, reason)
        else:
            found.defaults.append(default)
    rereads, found.rereads = found.rereads, []
    for reread in rereads:
        if reason := _why(silence, reread.function.module, reread.statement, codes.LAZY):
            message = f"relationships of {reread.name} are loaded lazily by a test"
            yield Left(reread.function.module, reread.statement, codes.LAZY, message, reason)
        else:
            found.rereads.append(reread)
