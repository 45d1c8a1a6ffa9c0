"""The plan of the pass: what goes through the queue, and what stays and why."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.requirements import Requirement

from codemods.config import Options
from codemods.edits.actions import (
    AddParameter,
    Await,
    Origin,
    RemoveStatement,
    Rename,
    ReplaceStatement,
    Rewrite,
)
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.findings import Code, Finding, Level, Treatment
from codemods.manifests import require
from codemods.passes.background_queue import codes, queue
from codemods.passes.background_queue.brokers import BROKERS, Broker
from codemods.passes.background_queue.exits import commits_at_exit
from codemods.passes.background_queue.groups import Group, Groups, job_of
from codemods.passes.background_queue.jobs import Jobs
from codemods.passes.background_queue.spawned import Spawned, Spawning
from codemods.passes.base import NOTE, Decision, Outcome
from codemods.plan.draft import Draft
from codemods.plan.generated import Generated, find_generated, generated, import_object
from codemods.plan.lifespans import Start, enter, find_start, is_entered
from codemods.plan.suites import suite_obstacle, work_in_place
from codemods.suppression import Silence

_MESSAGES = {
    codes.UNBOUNDED.code: "{what} is added without a limit",
    codes.DROPPED.code: "{what} becomes a task that nobody holds",
    codes.THREAD.code: "{what} gets a thread for each request",
}


@dataclass(frozen=True)
class Place:
    """One statement, what it starts, and why it stays; without a reason it uses the queue."""

    module: Module
    node: ast.expr | ast.stmt
    function: Function | None
    code: Code
    what: str
    reason: str


def plan(program: Program, options: Options) -> Outcome:
    """Find background work without a limit, and put it into the queue of the application."""
    broker = BROKERS.get(options.queue)
    jobs = Jobs(program, travels=broker is not None)
    groups = Groups(program, jobs)
    found = groups.find()
    spawned = Spawning(program, jobs).find()
    silence = Silence(program.codebase, options, codes.NAME)
    _leave_silenced(found, silence)
    spawned = list(_unsilenced(spawned, silence))
    draft, texts = Draft(), dict[str, str]()
    moving = [group for group in found if not group.reason and group.added]
    started = [one for one in spawned if not one.reason]
    obstacle, notes = "", list[Decision]()
    asking = _origins(moving, started)
    if moving or started:
        obstacle, notes = _write(program, draft, texts, moving, started, broker)
    places = [*_added(groups, found, obstacle), *_spawned(spawned, obstacle)]
    places.sort(key=lambda place: (place.module.path, place.node.lineno))
    return Outcome(
        draft.files(),
        texts,
        tuple(sorted(_finding(place) for place in places)),
        (*(_decision(place) for place in places), *notes),
        origins=dict.fromkeys(texts, asking),
    )


def _origins(groups: Iterable[Group], spawned: Iterable[Spawned]) -> tuple[Origin, ...]:
    """What becomes a job, as what asks for the queue and for its start."""
    added = [Origin(one.module.path, one.call.lineno) for group in groups for one in group.added]
    return (*added, *(Origin(one.module.path, one.statement.lineno) for one in spawned))


def _leave_silenced(groups: list[Group], silence: Silence) -> None:
    """A silenced ``add_task`` keeps the list, and so does all that shares the list with it."""
    for group in groups:
        for added in group.added:
            line = added.module.key(added.call).line
            why = silence.why(added.module.path, line, codes.UNBOUNDED.code)
            group.reason = group.reason or why


def _unsilenced(spawned: list[Spawned], silence: Silence) -> Iterable[Spawned]:
    """What path operations start, with a reason to leave what is silenced."""
    for one in spawned:
        line = one.module.key(one.statement).line
        why = silence.why(one.module.path, line, one.code.code)
        yield replace(one, reason=one.reason or why)


# -- edits -------------------------------------------------------------------------------------


def _write(
    program: Program,
    draft: Draft,
    texts: dict[str, str],
    groups: list[Group],
    spawned: list[Spawned],
    broker: Broker | None,
) -> tuple[str, list[Decision]]:
    """The edits; gives the reason where the application can't have a queue, and what is to do."""
    start = find_start(program)
    if isinstance(start, str):
        return start, []
    if reason := _too_old(program, start):
        return reason, []
    text = broker.text if broker is not None else queue.TEXT
    place = next(
        (
            Generated(known.path, known.file.text, exists=True)
            for known in (find_generated(program, text) for text in queue.all_texts())
            if known is not None
        ),
        generated(program, start.module, queue.MODULES, text),
    )
    if place is None:
        return "there is no free name for the module of the queue", []
    paths = {start.module.path, place.path, *(one.module.path for one in spawned)}
    paths |= {holder.function.module.path for group in groups for holder in group.holders}
    if start.lifespan is not None:
        paths.add(start.lifespan.module.path)
    if not all(program.codebase.editable(path) for path in paths):
        return "the application starts outside of the part that may be edited", []
    if reason := suite_obstacle(program):
        return reason, []
    notes: list[Decision] = []
    if not place.exists:
        texts[place.path] = place.text
        if broker is not None:
            notes = _require(program, texts, place, broker)
    with draft.because(*_origins(groups, spawned)):
        if not is_entered(program, start, queue.NAME, place.path):
            enter(program, draft, start, place.path, queue.NAME)
        texts.update(work_in_place(program, draft, place.path, queue.NAME))
    for group in groups:
        _edit_group(program, draft, place, group)
    _edit_spawned(program, draft, place, groups, spawned)
    return "", notes


def _require(
    program: Program, texts: dict[str, str], place: Generated, broker: Broker
) -> list[Decision]:
    """Declare what a broker needs; what a person has to start, with its commands."""
    needed = [Requirement(text) for text in broker.requirements]
    found = require(program.codebase.with_texts(texts), place.path, needed)
    texts.update(found.texts)
    module = place.path.removesuffix(".py").replace("/", ".")
    commands = [command.format(module=module) for command in broker.commands]
    says = [f"{note.message}: run `{note.command}`" for note in found.notes if note.command]
    says += [note.message for note in found.notes if not note.command]
    says += [f"the jobs are run by a worker: run `{command}`" for command in commands]
    return [Decision(place.path, 1, "", NOTE, message) for message in says]


def _too_old(program: Program, start: Start) -> str:
    versions, path = program.versions, start.module.path
    if versions.below("fastapi", queue.FASTAPI, path):
        return f"it needs FastAPI {queue.FASTAPI}, which knows Annotated"
    if versions.below("fastapi", "0.118", path) and (where := commits_at_exit(program)):
        return f"before FastAPI 0.118 the job could start before {where} commits"
    return ""


def _edit_group(program: Program, draft: Draft, place: Generated, group: Group) -> None:
    for holder in group.holders:
        annotation = holder.parameter.annotation
        if annotation is None:
            continue
        module = holder.function.module
        name = import_object(program, draft, module, place.path, queue.ANNOTATION)
        draft.edit(module, annotation, Rewrite(name))
        _drop_import(draft, module, annotation)
    for added in group.added:
        assert added.holder is not None and isinstance(added.call.func, ast.Attribute)
        if added.holder.function.is_async:
            draft.edit(added.module, added.call, Await())
        else:
            draft.edit(added.module, added.call.func, Rename("add"))


def _drop_import(draft: Draft, module: Module, annotation: ast.expr) -> None:
    if not isinstance(annotation, ast.Name):
        return
    for binding in module.scope.bindings.get(annotation.id, ()):
        statement = module.parent(binding.node)
        if isinstance(statement, ast.ImportFrom) and isinstance(binding.node, ast.alias):
            draft.drop_import(module, statement.module or "", binding.node.name)


def _edit_spawned(
    program: Program,
    draft: Draft,
    place: Generated,
    groups: Iterable[Group],
    spawned: list[Spawned],
) -> None:
    names = {holder.function: holder.parameter.arg for group in groups for holder in group.holders}
    for one in spawned:
        module, function = one.module, one.function
        if function not in names:
            annotation = import_object(program, draft, module, place.path, queue.ANNOTATION)
            names[function] = _free_name(function)
            draft.edit(
                module, function.definition, AddParameter(f"{names[function]}: {annotation}")
            )
        arguments = ", ".join((one.func, *one.arguments))
        call = f"{names[function]}.add({arguments})"
        if function.is_async:
            call = f"await {names[function]}.add_task({arguments})"
        draft.edit(module, one.statement, ReplaceStatement(call))
        if one.made is not None:
            draft.edit(module, one.made, RemoveStatement())
        draft.drop_import(module, "asyncio" if one.code is codes.DROPPED else "threading")


def _free_name(function: Function) -> str:
    taken = {node.id for node in ast.walk(function.definition) if isinstance(node, ast.Name)}
    taken |= set(function.bindings) | set(function.module.scope.bindings)
    names = ["queue", "background_queue", "jobs"]
    return next((name for name in names if name not in taken), "background_jobs")


# -- findings ----------------------------------------------------------------------------------


def _added(groups: Groups, found: list[Group], obstacle: str) -> Iterable[Place]:
    for group in found:
        for added in group.added:
            reason = group.reason or obstacle
            function = added.holder.function if added.holder is not None else None
            yield Place(
                added.module, added.call, function, codes.UNBOUNDED, _what(added.call), reason
            )
    for added in groups.strange:
        function = added.module.function_of(added.call)
        reason = "the list is not the one that FastAPI gives to the request"
        yield Place(added.module, added.call, function, codes.UNBOUNDED, _what(added.call), reason)


def _what(call: ast.Call) -> str:
    func, _ = job_of(call)
    return ast.unparse(func) if func is not None else "a task"


def _spawned(spawned: list[Spawned], obstacle: str) -> Iterable[Place]:
    for one in spawned:
        what = one.func or "what it starts"
        reason = one.reason or obstacle
        yield Place(one.module, one.statement, one.function, one.code, what, reason)


def _finding(place: Place) -> Finding:
    key = place.module.key(place.node)
    message = _MESSAGES[place.code.code].format(what=place.what)
    if place.reason:
        message += f", and stays so: {place.reason}"
    return Finding(
        place.module.path,
        key.line,
        key.column + 1,
        place.code.code,
        message,
        codes.NAME,
        Level.DISPLAY if place.reason else Level.UNSAFE,
        Treatment.LEFT if place.reason else Treatment.NATIVE,
        (place.reason,) if place.reason else (),
        place.function.qualname if place.function is not None else "",
    )


def _decision(place: Place) -> Decision:
    return Decision(
        place.module.path,
        place.node.lineno,
        place.function.qualname if place.function is not None else place.module.name,
        (Treatment.LEFT if place.reason else Treatment.NATIVE).value,
        f"{place.what} stays without a limit" if place.reason else f"{place.what} is queued",
        (place.reason,) if place.reason else (),
    )


__all__ = ["plan"]
