"""The plan of the flip: findings, decisions and edits, from the analysis."""

from __future__ import annotations

import ast
from collections import Counter

from codemods.config import Options
from codemods.facts import Program
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.findings import Finding, Level, Treatment
from codemods.manifests import Note
from codemods.passes.async_session.colour.analysis import Analysis, analyse
from codemods.passes.async_session.differences.differences import Difference, edit_differences
from codemods.passes.async_session.differences.gaps import gaps
from codemods.passes.async_session.differences.wide import wide_integers
from codemods.passes.async_session.engine.disposal import edit_disposal
from codemods.passes.async_session.engine.engines import Engines
from codemods.passes.async_session.engine.events import edit_events
from codemods.passes.async_session.engine.holders import Holders
from codemods.passes.async_session.engine.startup import edit_startup
from codemods.passes.async_session.engine.unpooled import Unpooled
from codemods.passes.async_session.reports import (
    behind_poolers,
    exported,
    two_pools,
)
from codemods.passes.async_session.requirements import edit_manifests
from codemods.passes.async_session.rewrite.annotations import edit_annotations
from codemods.passes.async_session.rewrite.callables import edit_callables
from codemods.passes.async_session.rewrite.functions import edit_functions
from codemods.passes.async_session.rewrite.own_loop import edit_own_loops
from codemods.passes.async_session.rewrite.pooled import edit_pooled
from codemods.passes.async_session.rewrite.threads import edit_threads
from codemods.passes.async_session.sessions.import_time import is_needed
from codemods.passes.async_session.sessions.silenced import BRIDGED, CALL, RULE, asked
from codemods.passes.async_session.sessions.sites import BRIDGE, CREATE, DDL, Site
from codemods.passes.async_session.sessions.unresolved import unresolved
from codemods.passes.async_session.suite.by_name import ask_before
from codemods.passes.async_session.suite.closing import close_in_tests
from codemods.passes.async_session.suite.factories import FactoryEdits
from codemods.passes.async_session.suite.mocks import Mocks
from codemods.passes.async_session.suite.testing import Testing
from codemods.passes.base import NOTE, Decision, Outcome
from codemods.plan.draft import Draft

OWN_LOOP = "stays def, and runs what waits by asyncio.run"
POOLED = "becomes def, which FastAPI gives a thread"
LEFT, WIDE, GAP, DIFFERENCE = "LL403", "LL404", "LL405", "LL406"


def plan(program: Program, options: Options) -> Outcome:
    """Decide and draft the whole flip."""
    analysis = analyse(program, options)
    draft = Draft()
    threads = edit_pooled(analysis, draft)
    if not reaches_the_loop(analysis):
        return Outcome(
            edits=draft.files(),
            findings=tuple(f for f in _findings(analysis, threads) if f.code != CALL),
            decisions=tuple(
                d for d in _decisions(analysis, threads, analysis.sites) if d.treatment != "native"
            ),
            outside=_outside(analysis),
        )
    versions = program.versions
    edit_functions(analysis, draft)
    edit_own_loops(analysis, draft)
    edit_annotations(analysis, draft)
    edit_callables(analysis, draft)
    startup = edit_startup(analysis, draft, versions)
    holders = Holders(analysis, startup.left)
    engines = Engines(analysis, draft, versions, holders)
    engines.edit()
    edit_events(analysis, draft, holders, engines.made)
    with draft.because(*engines.origins):
        edit_disposal(analysis, draft, holders, startup)
    Unpooled(analysis, draft).edit()
    edit_threads(analysis, draft)
    differences = edit_differences(program, draft, engines.test_drivers | engines.drivers)
    testing = Testing(analysis, draft, versions)
    testing.edit()
    Mocks(analysis, draft).edit()
    by_name = ask_before(analysis, draft)
    factories = FactoryEdits(analysis, draft).edit()
    close_in_tests(analysis, draft)
    manifests, notes = _manifests(analysis, engines, holders, testing)
    return Outcome(
        edits=draft.files(),
        texts={**engines.texts, **testing.texts, **manifests},
        findings=(
            *_findings(analysis, threads),
            *_wide(analysis, engines),
            *_gaps(analysis),
            *map(_difference, differences),
            *behind_poolers(engines),
            *exported(analysis, holders),
            *factories,
            *by_name,
        ),
        decisions=(*_decisions(analysis, threads, startup.left), *notes, *two_pools(engines)),
        outside=_outside(analysis),
        origins={
            **dict.fromkeys((*engines.texts, *manifests), tuple(engines.origins)),
            **dict.fromkeys(testing.texts, testing.origins),
        },
    )


def _outside(analysis: Analysis) -> tuple[str, ...]:
    """The modules out of PATH because of which something in it stays sync."""
    codebase, sync = analysis.program.codebase, analysis.colours.sync
    found: dict[str, None] = {}
    for function in sync:
        if not codebase.editable(function.module.path):
            continue
        seen = {function}
        while (cause := sync[function].because) in sync and cause not in seen:
            assert cause is not None
            seen.add(cause)
            function = cause
        path = function.module.path
        if not codebase.editable(path) and path not in codebase.frozen:
            found[path] = None
    return tuple(sorted(found))


def _manifests(
    analysis: Analysis, engines: Engines, holders: Holders, testing: Testing
) -> tuple[dict[str, str], list[Decision]]:
    """New texts of the manifests, and what a person has to do about them."""
    near = {
        site.module.path: None
        for site in analysis.sites
        if analysis.flips(site) and not analysis.program.web.in_tests(site.module)
    }
    versions = analysis.program.versions
    texts: dict[str, str] = {}
    notes: dict[Note, None] = {}
    others: dict[Note, None] = {}
    # Migrations and whatever stays sync connect through the old driver.
    keep_sync = any(holder.needs_sync for holder in holders.all) or any(
        is_migration(module) for module in analysis.program.modules
    )
    for manifests in {versions.declared(path).manifests: path for path in near}.values():
        edits = edit_manifests(
            analysis.program.codebase.with_texts(texts),
            versions,
            manifests,
            engines.drivers,
            engines.test_drivers,
            async_client=bool(analysis.clients.made),
            anyio_tests=testing.by_anyio,
            keep_sync=keep_sync,
        )
        texts |= edits.texts
        notes |= dict.fromkeys(edits.notes)
        others |= dict.fromkeys(edits.others)
    notes |= {note: None for note in others if note.path not in texts}
    return texts, [
        Decision(
            path=note.path,
            line=note.line,
            symbol="",
            treatment=NOTE,
            action=f"{note.message}{f': run `{note.command}`' if note.command else ''}",
        )
        for note in notes
    ]


def reaches_the_loop(analysis: Analysis) -> bool:
    """Whether a path operation or an async dependency waits: else there is nothing to lift.

    Where no database call becomes a native one, an async engine would only be in the way.
    """
    given = analysis.program.web.depended
    return any(analysis.flips(site) for site in analysis.sites) and any(
        function in analysis.program.web.routes or (function.is_async and function in given)
        for function in analysis.colours.asynchronous
    )


def _findings(analysis: Analysis, threads: list[Function]) -> list[Finding]:
    found = []
    for site in analysis.sites:
        if site.kind == CREATE or site.function is None:
            continue
        code, treatment, message = _verdict(analysis, site, site.function in threads)
        found.append(
            Finding(
                path=site.module.path,
                line=site.node.lineno,
                column=site.node.col_offset + 1,
                code=code,
                message=message,
                rule=RULE,
                level=Level.SAFE,
                treatment=treatment,
                reasons=analysis.colours.chain(site.function),
                symbol=site.function.qualname,
            )
        )
    return found


def _wide(analysis: Analysis, engines: Engines) -> list[Finding]:
    driver = engines.drivers.get("postgresql")
    if driver is None:
        return []
    return [
        Finding(
            path=site.module.path,
            line=site.node.lineno,
            column=site.node.col_offset + 1,
            code=WIDE,
            message=f"{driver.name} refuses `{value}` beyond 32 bits; psycopg2 found nothing then: "
            "bound the parameter (`le=2147483647`)",
            rule=RULE,
            level=Level.SAFE,
            treatment=Treatment.LEFT,
            reasons=("the column is an integer, and the parameter takes any",),
            symbol=site.function.qualname if site.function else "",
        )
        for site, value in wide_integers(analysis)
        if not _had_psycopg(engines, site.module)
    ]


def _had_psycopg(engines: Engines, module: Module) -> bool:
    """Whether the application was on psycopg 3 before: its casts are there already."""
    declared = engines.versions.declared(module.path)
    old = any(map(declared.declares, ("psycopg2", "psycopg2-binary")))
    return declared.declares("psycopg") and not old


def _difference(difference: Difference) -> Finding:
    module, node = difference.module, difference.node
    function = module.function_of(node)
    return Finding(
        path=module.path,
        line=node.lineno,
        column=node.col_offset + 1,
        code=DIFFERENCE,
        message=difference.message,
        rule=RULE,
        level=Level.DISPLAY,
        treatment=Treatment.LEFT,
        reasons=("psycopg2 writes values into the SQL; async drivers send them with a type",),
        symbol=function.qualname if function else "",
    )


def _gaps(analysis: Analysis) -> list[Finding]:
    return [
        Finding(
            path=gap.function.module.path,
            line=gap.node.lineno,
            column=gap.node.col_offset + 1,
            code=GAP,
            message=gap.message,
            rule=RULE,
            level=Level.DISPLAY,
            treatment=Treatment.LEFT,
            reasons=(f"{gap.function.name} was async and never waited: it ran in one go",),
            symbol=gap.function.qualname,
        )
        for gap in gaps(analysis)
    ]


def _verdict(analysis: Analysis, site: Site, threaded: bool) -> tuple[str, Treatment, str]:
    assert site.function is not None
    called = ast.unparse(site.node.func)
    if site.function in analysis.colours.sync:
        why = analysis.colours.sync[site.function].text
        if asked(analysis.program, analysis.options, site):
            return CALL, Treatment.LEFT, f"`{called}` stays as it is: {site.function.name} {why}"
        if site.function in analysis.bridged:
            way = "in a thread" if site.function in analysis.pooled else "through run_sync"
            message = f"`{called}` runs {way}, since {site.function.name} {why}"
            return BRIDGED, Treatment.BRIDGED, message
        if threaded:
            message = f"`{called}` gets a thread, since {site.function.name} {why}"
            return BRIDGED, Treatment.BRIDGED, message
        message = f"`{called}` stays sync, since {site.function.name} {why}"
        return LEFT, Treatment.LEFT, message
    if site.kind == BRIDGE:
        return BRIDGED, Treatment.BRIDGED, f"`{called}` has no async form; it runs in run_sync"
    where = "the event loop" if site.function.is_async else "a thread"
    return CALL, Treatment.NATIVE, f"`{called}` blocks {where} while the database works"


def _decisions(analysis: Analysis, threads: list[Function], unmoved: list[Site]) -> list[Decision]:
    counts: Counter[Function] = Counter(
        site.function for site in analysis.sites if site.function is not None
    )
    bridged = analysis.bridged
    found = []
    for table, native in ((analysis.colours.asynchronous, True), (analysis.colours.sync, False)):
        for function in table:
            if native:
                treatment = Treatment.NATIVE
                action = "stays async def" if function.is_async else "becomes async def"
                if function in analysis.entries:
                    action = OWN_LOOP
            elif function in threads:
                treatment, action = Treatment.BRIDGED, POOLED
            elif function in bridged:
                way = "in a thread" if function in analysis.pooled else "through run_sync"
                treatment, action = Treatment.BRIDGED, f"stays sync, called {way}"
            else:
                treatment, action = Treatment.LEFT, "stays sync"
            found.append(
                Decision(
                    path=function.module.path,
                    line=function.definition.lineno,
                    symbol=function.qualname,
                    treatment=treatment.value,
                    action=action,
                    reasons=analysis.colours.chain(function),
                    sites=counts[function],
                )
            )
    found += [
        Decision(
            path=function.module.path,
            line=function.definition.lineno,
            symbol=function.qualname,
            treatment=Treatment.BRIDGED.value,
            action=POOLED,
            reasons=("is given something with a session that stays sync",),
        )
        for function in threads
        if function not in analysis.colours.sync
    ]
    found += [*_at_import(analysis), *_tables(analysis, unmoved), *_unresolved(analysis)]
    return sorted(found, key=lambda d: (d.path, d.line))


def _unresolved(analysis: Analysis) -> list[Decision]:
    """The calls that may be sites for all that is known: they count as what is left."""
    return [
        Decision(
            path=module.path,
            line=min(call.lineno for call in calls),
            symbol="",
            treatment=Treatment.LEFT.value,
            action="stays as it is",
            reasons=(f"what `{ast.unparse(calls[0].func)}` is called on is not known",),
            sites=len(calls),
        )
        for module, calls in unresolved(analysis.program, analysis.sites).items()
    ]


def _tables(analysis: Analysis, unmoved: list[Site]) -> list[Decision]:
    """Tables that are made while a module is imported: once there is a loop, where that can be."""
    why = "runs when the module does"
    if unmoved and is_needed(analysis.program, analysis.sites, analysis.colours.sync):
        why += ": code or tests use the tables, and do without the lifespan"
    return [
        Decision(
            path=site.module.path,
            line=site.line,
            symbol="",
            treatment=(Treatment.LEFT if site in unmoved else Treatment.NATIVE).value,
            action="stays sync" if site in unmoved else "makes tables when an event loop runs",
            reasons=(why,) if site in unmoved else ("runs when the module does",),
            sites=1,
        )
        for site in analysis.sites
        if site.function is None and site.kind == DDL
    ]


def _at_import(analysis: Analysis) -> list[Decision]:
    """What talks to the database outside of all functions: only DDL can move to another place."""
    found: dict[str, list[Site]] = {}
    for site in analysis.sites:
        if site.function is None and site.kind not in (CREATE, DDL):
            found.setdefault(site.module.path, []).append(site)
    return [
        Decision(
            path=path,
            line=min(site.line for site in sites),
            symbol="",
            treatment=Treatment.LEFT.value,
            action="stays sync",
            reasons=("runs when the module does",),
            sites=len(sites),
        )
        for path, sites in found.items()
    ]
