"""The decisions of the pass, before any edit."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from codemods.config import Options
from codemods.facts import Program
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.findings import Code, Finding, Level, Treatment
from codemods.passes.base import Decision, Outcome
from codemods.passes.eager_loading import codes
from codemods.passes.eager_loading.between import Between, Gathering
from codemods.passes.eager_loading.callers import Callers
from codemods.passes.eager_loading.commits import Commits, Stale
from codemods.passes.eager_loading.defaults import (
    EagerDefaults,
    NoDefaults,
    eager_defaults,
)
from codemods.passes.eager_loading.expiries import Expired, Expiries
from codemods.passes.eager_loading.factories import Factory, factories
from codemods.passes.eager_loading.greenlets import has_greenlet
from codemods.passes.eager_loading.lasting import Lasting
from codemods.passes.eager_loading.loads import Placement, Placer
from codemods.passes.eager_loading.narrowed import narrowed
from codemods.passes.eager_loading.reloads import Reload, Reloads
from codemods.passes.eager_loading.render import NoName
from codemods.passes.eager_loading.requeries import Requeries, Requery
from codemods.passes.eager_loading.rereads import Reread, Rereads
from codemods.passes.eager_loading.sessions import Sessions
from codemods.passes.eager_loading.silenced import Left, leave_silenced
from codemods.passes.eager_loading.touches import Touches
from codemods.passes.eager_loading.unknowns import (
    unknown,
    unknown_contexts,
    unknown_responses,
    vague,
)
from codemods.passes.eager_loading.ways import Kind, Landing, Path, Touch
from codemods.passes.eager_loading.writing import Writer
from codemods.suppression import Silence

_TOO_DEEP = "it leads around a cycle of classes, to a depth that only the data knows"
_EXPIRING = ("rollback", "expire", "expire_all", "begin", "begin_nested", "update")


@dataclass(frozen=True)
class Untracked:
    """An expression that can load a relationship of an object whose query is not known.

    ``message`` says what is read, ``reason`` why its way is not known.
    """

    node: ast.AST
    module: Module
    message: str
    reason: str


def _untracked(touch: Touch, reason: str) -> Untracked:
    message = f"{'.'.join(touch.path)} is loaded lazily: {touch.why}"
    return Untracked(touch.node, touch.module, message, reason)


@dataclass
class Analysis:
    """Everything that the pass found in a program."""

    factories: list[Factory] = field(default_factory=list)
    placement: Placement = field(default_factory=Placement)
    reloads: list[Reload] = field(default_factory=list)
    stale: list[Stale] = field(default_factory=list)
    requeries: list[Requery] = field(default_factory=list)
    expired: list[Expired] = field(default_factory=list)
    defaults: list[EagerDefaults | NoDefaults] = field(default_factory=list)
    unread: list[tuple[ast.expr, Module]] = field(default_factory=list)
    between: list[Between] = field(default_factory=list)
    rereads: list[Reread] = field(default_factory=list)
    untracked: list[Untracked] = field(default_factory=list)
    dynamic: list[Touch] = field(default_factory=list)


def analyse(program: Program) -> Analysis:
    """Find what is loaded lazily, and what is read after a commit."""
    found = Analysis(factories=factories(program))
    found.defaults = list(eager_defaults(program))
    touches = Touches(program)
    landings: list[tuple[Landing, Path]] = []
    read = [t for t in touches.all() if not has_greenlet(program, t.node, t.module)]
    too_deep = {touch.node: touch for touch in read if touches.is_too_deep(touch)}
    found.untracked += [_untracked(touch, _TOO_DEEP) for touch in too_deep.values()]
    for touch in read:
        if touch.node in too_deep:
            continue
        for landing in touches.tracer.trace(touch):
            demand = landing.demand
            held = len(demand.path) - len(touch.path) if touch.escapes else 0
            path = touches.lazy_part(demand.entity, demand.path, held)
            if touches.queries(demand.entity, demand.path):
                found.dynamic.append(touch)
            if path and landing.kind is not Kind.SELF:
                landings.append((landing, path))
    found.untracked += [
        one for one in _unknown(touches) if not has_greenlet(program, one.node, one.module)
    ]
    found.untracked += _left_out(program)
    sessions = Sessions(program)
    related = _related(touches)
    found.expired, found.unread, found.between = _expired(program, sessions, related)
    expired = {
        id(reader) for one in found.expired if not one.asks and one.paths for reader in one.readers
    }
    landings = [one for one in landings if id(one[0].demand.touch.base) not in expired]
    rereads = Rereads(program, sessions, related)
    landings = rereads.settle(landings)
    crossing = [one for one in landings if _crosses(one[0], program)]
    landings = [one for one in landings if not _crosses(one[0], program)]
    unknown_ones = [one for one, _ in landings if one.kind is Kind.UNKNOWN]
    found.untracked += [_untracked(one.demand.touch, one.reason) for one in unknown_ones]
    landings = [one for one in landings if one[0].kind is not Kind.UNKNOWN]
    callers = Callers(program, (landing for landing, _ in landings))
    settled = Reloads(program, sessions, callers, related).settle(landings)
    found.reloads = settled.reloads
    found.untracked += [_untracked(one.demand.touch, reason) for one, reason in settled.lost]
    placer = Placer(program, callers)
    found.placement = placer.place(settled.open)
    rereads.name_values(placer.extend(crossing))
    rereads.prune(found.reloads)
    found.rereads = rereads.found
    found.untracked += [_untracked(load.touch, reason) for load, _, reason in found.placement.lost]
    demanded: set[ast.AST] = {f.use for one, _ in settled.open for f in one.demand.trail}
    demanded |= {one.demand.use for one, _ in settled.open}
    commits = Commits(program, sessions, frozenset(demanded))
    requeries = Requeries(program, sessions, commits, found.placement.places)
    found.requeries = list(requeries.all())
    covered = {(r.spot.function, r.spot.name) for r in found.reloads}
    for module in program.modules.mentioning(("commit",)):
        if not is_migration(module):
            for function in module.functions.values():
                for stale in commits.stale(function):
                    if (function, stale.name) not in covered:
                        found.stale.append(stale)
    return found


def _unknown(touches: Touches) -> Iterator[Untracked]:
    """Places of which too little is known to say what they read."""
    for node, module in unknown(touches):
        message = f"{ast.unparse(node)} can be a relationship"
        reason = f"what {ast.unparse(node.value)} is, is not known"
        yield Untracked(node, module, message, reason)
    for made, module in vague(touches):
        message = f"{ast.unparse(made)} is made into a Pydantic model"
        yield Untracked(made, module, message, "what the model reads of it is not known")
    for value, module in unknown_responses(touches):
        message = f"the response model reads relationships of {ast.unparse(value)[:60]}"
        yield Untracked(value, module, message, "what the function returns is not known")
    for value, module in unknown_contexts(touches):
        message = f"a template reads relationships of {ast.unparse(value)[:60]}"
        yield Untracked(value, module, message, "what is handed to it is not known")


def _left_out(program: Program) -> Iterator[Untracked]:
    """Reads of columns that a query has left out."""
    for node, module, narrow in narrowed(program):
        message = f"{ast.unparse(node)[:60]} reads a column of {narrow.cls.name}"
        yield Untracked(node, module, message, f"{narrow.option}() leaves it out of the query")


def _related(touches: Touches) -> dict[ast.Name, set[tuple[Class, Path]]]:
    """What is read of the objects that names stand for, as far as it is loaded lazily."""
    return {
        name: {
            (entity, lazy)
            for entity, path in demands
            if (lazy := touches.lazy_part(entity, path)) and not touches.queries(entity, path)
        }
        for name, demands in touches.tracer.names.items()
    }


def _expired(
    program: Program, sessions: Sessions, related: dict[ast.Name, set[tuple[Class, Path]]]
) -> tuple[list[Expired], list[tuple[ast.expr, Module]], list[Between]]:
    """What is read of expired objects, the reads for which nothing can be done, and fixtures."""
    if not program.modules.mentioning(_EXPIRING):
        return [], [], []
    expiries = Expiries(program, sessions, Commits(program, sessions), related)
    functions = [
        function
        for module in program.modules
        if not is_migration(module)
        for function in module.functions.values()
    ]
    found = [expired for function in functions for expired in expiries.of(function)]
    lost: list[tuple[ast.expr, Module]] = [
        (node, function.module) for function in functions for node in expiries.lost(function)
    ]
    lasting = Lasting(program, sessions)
    lasts = [last for function in functions if lasting.expiring for last in lasting.of(function)]
    known = {id(reader) for one in found for reader in one.readers}
    lasts = [last for last in lasts if not all(id(reader) in known for reader in last.readers)]
    gathered = Gathering(program, sessions).gather(lasts)
    for last in (*gathered.early, *gathered.late):
        guard = lasting.guard(last)
        if guard is None:
            lost.append((last.readers[0], last.function.module))
        else:
            found.append(replace(guard, asks=last in gathered.early))
    return found, lost, gathered.fixtures


def _crosses(landing: Landing, program: Program) -> bool:
    """Whether a test reads what the application loads: it is not loaded for it by that."""
    web = program.web
    reads, loads = landing.demand.touch.module, landing.demand.module
    return web.in_tests(reads) and not web.in_tests(loads)


def plan(program: Program, options: Options) -> Outcome:
    """The edits, findings and decisions of the pass."""
    found = analyse(program)
    left = leave_silenced(found, Silence(program.codebase, options, codes.NAME))
    writer = Writer(program, found.placement.places.values())
    findings = [
        _finding(one.module, one.node, one.code, one.message, (one.reason,), Treatment.LEFT)
        for one in left
    ]
    decisions = [_left(one) for one in left]
    for factory in found.factories:
        writer.factory(factory)
        message = "the objects of this session expire on commit"
        findings.append(_finding(factory.module, factory.call, codes.EXPIRES, message))
    for place in found.placement.places.values():
        try:
            written = writer.place(place)
        except NoName as error:
            for load in place.loads:
                found.untracked.append(_untracked(load.touch, f"{error} can't be named there"))
            continue
        if written and place.loads:
            paths = sorted({".".join(load.path) for load in place.loads})
            reasons = _reasons(load.touch for load in place.loads)
            message = f"loads {', '.join(paths)} lazily"
            findings.append(_finding(place.module, place.node, codes.LAZY, message, reasons))
            decisions.append(
                _decision(place.module, place.node, f"loads {', '.join(paths)}", reasons)
            )
    for function in sorted(found.placement.parameters, key=str):
        writer.parameter(function)
    for reload in found.reloads:
        paths = sorted(".".join(path) for path in reload.paths)
        reasons = _reasons(reload.touches)
        try:
            writer.reload(reload)
        except NoName as error:
            for touch in reload.touches:
                found.untracked.append(_untracked(touch, f"{error} can't be named there"))
            continue
        spot = reload.spot
        message = f"{spot.name} was saved, and {', '.join(paths)} of it are loaded lazily"
        module = spot.function.module
        findings.append(_finding(module, spot.statement, codes.LAZY, message, reasons))
    for stale in found.stale:
        writer.stale(stale)
        findings.append(_stale_finding(stale))
    for requery in found.requeries:
        writer.requery(requery)
        message = f"{requery.entity.name} is queried again behind the commit that expired it"
        findings.append(_finding(requery.module, requery.node, codes.STALE, message))
    for one in found.defaults:
        message = f"{one.column} of {one.cls.name} expires whenever a row is updated"
        if isinstance(one, EagerDefaults):
            writer.defaults(one)
            findings.append(_finding(one.cls.module, one.statement, codes.DEFAULTS, message))
        else:
            why = ("its __mapper_args__ are no dict",)
            findings.append(
                _finding(one.cls.module, one.node, codes.DEFAULTS, message, why, Treatment.LEFT)
            )
    for node, module in found.unread:
        message = f"{ast.unparse(node)[:60]} is read after a rollback: refresh its object before"
        findings.append(_finding(module, node, codes.EXPIRED, message, (), Treatment.LEFT))
    for between in found.between:
        writer.between(between)
        findings.append(_between_finding(between))
    for expired in found.expired:
        finding = _expired_finding(expired)
        try:
            writer.expired(expired)
        except NoName as error:
            why = (f"{error} can't be named there",)
            finding = replace(finding, treatment=Treatment.LEFT, reasons=why)
        findings.append(finding)
    for reread in found.rereads:
        try:
            writer.reread(reread)
        except NoName as error:
            for landing in reread.landings:
                touch = landing.demand.touch
                found.untracked.append(_untracked(touch, f"{error} can't be named there"))
            continue
        findings.append(_reread_finding(reread))
    for lost in dict.fromkeys(found.untracked):
        reasons = (lost.reason,)
        findings.append(
            _finding(lost.module, lost.node, codes.UNTRACKED, lost.message, reasons, Treatment.LEFT)
        )
    for touch in dict.fromkeys(found.dynamic):
        message = f"a dynamic relationship is used: {touch.why}"
        findings.append(
            _finding(touch.module, touch.node, codes.DYNAMIC, message, (), Treatment.LEFT)
        )
    writer.stand_ins()
    edits = {p: e for p, e in writer.result().items() if program.codebase.editable(p)}
    return Outcome(
        edits,
        findings=tuple(sorted(set(findings))),
        decisions=tuple(decisions),
        blocks=tuple(dict.fromkeys(f"{one.message}: {one.reason}" for one in left)),
    )


def _reasons(touches: Iterable[Touch]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            f"{touch.why} ({touch.module.path}:{getattr(touch.node, 'lineno', 1)})"
            for touch in touches
        )
    )


def _stale_finding(stale: Stale) -> Finding:
    module = stale.function.module
    lines = sorted({getattr(reader, "lineno", 0) for reader in stale.readers})
    where = tuple(f"{module.path}:{line}" for line in lines)
    if stale.expire:
        message = f"{stale.name} is returned after the commit that expired it: the answer is empty"
        return _finding(module, stale.statement, codes.EMPTY, message, where)
    message = f"{stale.name} is read after the commit that expired it"
    return _finding(module, stale.statement, codes.STALE, message, where)


def _expired_finding(expired: Expired) -> Finding:
    module = expired.function.module
    by = ast.unparse(expired.event.call.func)
    message = f"{expired.name} is read after {by}() expired it"
    lines = sorted({getattr(reader, "lineno", 0) for reader in expired.readers})
    where = tuple(f"{module.path}:{line}" for line in lines)
    return _finding(module, expired.statement, codes.EXPIRED, message, where)


def _between_finding(between: Between) -> Finding:
    module = between.session.module
    names = ", ".join(sorted({one.name for one in between.reads}))
    message = f"{names}: tests read what another one has expired"
    where = tuple(
        sorted({f"{one.function.module.path} {one.function.name}" for one in between.reads})
    )
    return _finding(module, between.session.definition, codes.EXPIRED, message, where)


def _reread_finding(reread: Reread) -> Finding:
    paths = ", ".join(sorted(".".join(path) for path in reread.paths))
    message = f"{paths} of {reread.name} are loaded lazily by a test"
    reasons = _reasons(landing.demand.touch for landing in reread.landings)
    return _finding(reread.function.module, reread.statement, codes.LAZY, message, reasons)


def _finding(
    module: Module,
    node: ast.AST,
    code: Code,
    message: str,
    reasons: tuple[str, ...] = (),
    treatment: Treatment = Treatment.NATIVE,
) -> Finding:
    key = module.key(node)
    function = module.function_of(node)
    return Finding(
        module.path,
        key.line,
        key.column + 1,
        code.code,
        message,
        codes.NAME,
        Level.SAFE if treatment is Treatment.NATIVE else Level.DISPLAY,
        treatment,
        reasons,
        _symbol(function),
    )


def _symbol(function: Function | None) -> str:
    return function.qualname if function is not None else ""


def _left(one: Left) -> Decision:
    return replace(
        _decision(one.module, one.node, "is left", (one.reason,)), treatment=Treatment.LEFT.value
    )


def _decision(module: Module, node: ast.AST, action: str, reasons: tuple[str, ...]) -> Decision:
    key = module.key(node)
    symbol = _symbol(module.function_of(node))
    return Decision(module.path, key.line, symbol, Treatment.NATIVE.value, action, reasons)
