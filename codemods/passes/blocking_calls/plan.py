"""The plan of ``blocking-calls``: edits, findings and decisions from the verdicts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codemods.config import Options
from codemods.edits.actions import Await, MakeAsync, ReplaceStatement
from codemods.facts import Program
from codemods.facts.blocking_table import Kind
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.findings import Code, Finding, Level, Treatment
from codemods.passes.base import Decision, Outcome
from codemods.passes.blocking_calls import codes
from codemods.passes.blocking_calls.blocks import Moved
from codemods.passes.blocking_calls.decide import Verdict, decide
from codemods.passes.blocking_calls.natives import distinct, has_library
from codemods.passes.blocking_calls.writing import origins, write
from codemods.plan.draft import Draft
from codemods.plan.places import leave_in_thread, materialise, thread, thread_block, thread_of
from codemods.plan.sleeps import sleep
from codemods.suppression import Silence

_LOCK_ADVICE = "it stops the loop while another thread holds it: on the loop use asyncio.Lock"
_READ_ADVICE = (
    "the answer was asked for with stream=True and arrives now: read it where it is asked for, "
    "in a function that run_in_threadpool calls"
)


def plan(program: Program, options: Options) -> Outcome:
    """Find what blocks the event loop, and give each call its async form or a thread."""
    decisions = decide(program, Silence(program.codebase, options, codes.NAME), options)
    draft = Draft()
    verdicts = list(decisions.verdicts.values())
    for function in decisions.becoming:
        draft.edit(function.module, function.definition, MakeAsync())
    for verdict in verdicts:
        if verdict.native is not None:
            materialise(program, draft, verdict.site.call, verdict.site.module)
        elif verdict.treatment is not Treatment.LEFT:
            _edit(program, draft, verdict)
    used = {call: v.native for call, v in decisions.verdicts.items() if v.native is not None}
    natives = list(distinct(used))
    texts, notes = write(program, draft, natives, decisions.clients)
    findings = [_finding(program, verdict, verdicts) for verdict in verdicts]
    findings += [
        _standing(node, function, codes.WAIT, Kind.THREAD, _LOCK_ADVICE)
        for node, function in decisions.sites.locks()
    ]
    findings += [
        _standing(node, function, codes.BY_KIND[Kind.NETWORK], Kind.NETWORK, _READ_ADVICE)
        for node, function in decisions.reads()
    ]
    return Outcome(
        edits=draft.files(),
        texts=texts,
        findings=tuple(sorted(findings)),
        decisions=(*_decisions(verdicts), *notes),
        origins=dict.fromkeys(texts, origins(natives)),
    )


def _edit(program: Program, draft: Draft, verdict: Verdict) -> None:
    call, module = verdict.site.call, verdict.site.module
    if verdict.awaits:
        draft.edit(module, call, Await())
    elif verdict.sleeps:
        sleep(draft, call, module)
    elif verdict.moved is not None:
        if verdict.moved.opener is verdict.site:
            _move(draft, verdict.moved, module)
        return
    elif verdict.collected is not None:
        thread_of(draft, verdict.collected, call, module)
    else:
        thread(draft, call, module)
        if verdict.block is not None:
            leave_in_thread(draft, verdict.block, call, module)
    materialise(program, draft, call, module)


def _move(draft: Draft, moved: Moved, module: Module) -> None:
    if moved.given is not None:
        draft.edit(module, moved.given, ReplaceStatement("return {value}"))
    thread_block(draft, moved.statements, module, moved.template)


def _level(program: Program, verdict: Verdict, verdicts: Iterable[Verdict]) -> Level:
    if verdict.treatment is Treatment.LEFT:
        return Level.DISPLAY
    if verdict.awaits:
        within = _below(verdict.site.helpers[0], verdicts)
        levels = (_level(program, v, ()) for v in verdicts if v.site.function in within)
        return Level.UNSAFE if Level.UNSAFE in levels else Level.SAFE
    native = verdict.native
    if native is None:
        return Level.SAFE
    is_there = has_library(program, native.form.library, verdict.site.module)
    return Level.SAFE if native.form.equal and is_there and not native.client else Level.UNSAFE


def _below(helper: Function, verdicts: Iterable[Verdict]) -> set[Function]:
    """A helper that becomes async, and those that it calls."""
    found: set[Function] = set()
    waiting = [helper]
    while waiting:
        function = waiting.pop()
        if function not in found:
            found.add(function)
            waiting += [
                v.site.helpers[0] for v in verdicts if v.awaits and v.site.function is function
            ]
    return found


def _finding(program: Program, verdict: Verdict, verdicts: Iterable[Verdict]) -> Finding:
    site = verdict.site
    key = site.module.key(site.call)
    return Finding(
        path=site.module.path,
        line=key.line,
        column=key.column + 1,
        code=verdict.code.code,
        message=_message(verdict),
        rule=codes.NAME,
        level=_level(program, verdict, verdicts),
        treatment=verdict.treatment,
        reasons=tuple(filter(None, (verdict.reason, _unlike(verdict), *site.chain))),
        symbol=site.function.qualname,
    )


def _unlike(verdict: Verdict) -> str:
    return verdict.native.form.unlike if verdict.native is not None else ""


def _message(verdict: Verdict) -> str:
    site = verdict.site
    called = ast.unparse(site.call.func)
    what = f"`{called}` {site.blocker.reason} on the event loop"
    if verdict.treatment is Treatment.LEFT:
        return f"{what}, and is left: {verdict.reason}"
    return what


def _standing(node: ast.expr, function: Function, code: Code, kind: Kind, advice: str) -> Finding:
    """The finding about what is no call, and stays where it is."""
    key = function.module.key(node)
    return Finding(
        path=function.module.path,
        line=key.line,
        column=key.column + 1,
        code=code.code,
        message=f"`{ast.unparse(node)}` {kind.value} on the event loop, and is left: {advice}",
        rule=codes.NAME,
        level=Level.DISPLAY,
        treatment=Treatment.LEFT,
        reasons=(advice,),
        symbol=function.qualname,
    )


def _decisions(verdicts: list[Verdict]) -> Iterator[Decision]:
    """One line for each function and treatment."""
    grouped: dict[tuple[Function, Treatment], list[Verdict]] = {}
    for verdict in verdicts:
        grouped.setdefault((verdict.site.function, verdict.treatment), []).append(verdict)
    ordered = sorted(grouped, key=lambda k: (k[0].module.path, k[0].definition.lineno))
    for function, treatment in ordered:
        group = grouped[function, treatment]
        yield Decision(
            path=function.module.path,
            line=function.definition.lineno,
            symbol=function.qualname,
            treatment=treatment.value,
            action=f"{_ACTIONS[treatment]} {_calls(group)}",
            reasons=tuple(dict.fromkeys(v.reason for v in group if v.reason)),
        )


_ACTIONS = {
    Treatment.NATIVE: "awaits the async form of",
    Treatment.BRIDGED: "gives a thread to",
    Treatment.LEFT: "goes on blocking the event loop by",
}


def _calls(verdicts: list[Verdict]) -> str:
    names = dict.fromkeys(ast.unparse(verdict.site.call.func) for verdict in verdicts)
    return ", ".join(f"`{name}`" for name in names)
