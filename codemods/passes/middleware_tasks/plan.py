"""The plan of the pass: which work becomes a task, and what keeps the tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from codemods.config import Options
from codemods.edits.actions import Origin, RemoveStatement, ReplaceStatement, Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.plain import Plain
from codemods.findings import Finding, Level, Treatment
from codemods.passes.base import Decision, Outcome
from codemods.passes.middleware_tasks import codes
from codemods.passes.middleware_tasks.callees import THREADS, Callees
from codemods.passes.middleware_tasks.dropped import Dropped, Dropping, is_replaced
from codemods.passes.middleware_tasks.needed import needed
from codemods.passes.middleware_tasks.work import Finder, Work
from codemods.plan import keeper
from codemods.plan.draft import Draft
from codemods.plan.generated import Generated, find_generated, generated, import_object
from codemods.plan.lifespans import Start, enter, find_start, is_entered
from codemods.plan.middleware import find_middleware
from codemods.plan.suites import suite_obstacle, work_in_place
from codemods.suppression import Silence


def plan(program: Program, options: Options) -> Outcome:
    """Find the work of all middleware, and write tasks for what the response does not need."""
    callees = Callees(program)
    finder = Finder(program, callees)
    around = list(find_middleware(program))
    works = [
        work
        for middleware in around
        for work in finder.find(middleware)
        if not _is_kept(program, work.call, middleware.module)
    ]
    dropping = Dropping(program, callees)
    tasks = list(dropping.find(middleware.function for middleware in around))
    silence = Silence(program.codebase, options, codes.NAME)
    needs = [
        one
        for middleware in around
        for one in needed(middleware, works)
        if not _is_kept(program, one.node.value, middleware.module)
    ]
    works = list(_without_silenced(works, silence))
    tasks = list(_unsilenced(tasks, silence))
    draft, texts = Draft(), dict[str, str]()
    moving = [work for work in works if not work.reason]
    held = [task for task in tasks if not task.reason]
    if moving or held:
        obstacle = _write(program, draft, texts, moving, held)
        if obstacle:
            works = [replace(work, reason=work.reason or obstacle) for work in works]
            tasks = [replace(task, reason=task.reason or obstacle) for task in tasks]
    findings = [*map(_finding, works), *map(_found_task, tasks), *(n.finding() for n in needs)]
    return Outcome(
        draft.files(),
        texts,
        tuple(sorted(findings)),
        (*map(_decision, works), *map(_decided_task, tasks)),
        origins=dict.fromkeys(texts, _origins(moving, held)),
    )


def _origins(works: Iterable[Work], tasks: Iterable[Dropped]) -> tuple[Origin, ...]:
    """The work that becomes tasks, as what asks for the keeper of tasks and for its start."""
    waited = [Origin(one.middleware.module.path, one.statement.lineno) for one in works]
    return (*waited, *(Origin(one.module.path, one.statement.lineno) for one in tasks))


def _without_silenced(works: list[Work], silence: Silence) -> Iterator[Work]:
    """The works, where one that is silenced stays: so does what its middleware does beside it."""
    silenced: dict[Work, str] = {}
    for work in works:
        module = work.middleware.module
        line = module.key(work.statement).line
        if why := silence.why(module.path, line, codes.WAITED.code):
            silenced[work] = why
    beside = {work.middleware: work.statement.lineno for work in silenced}
    for work in works:
        if why := silenced.get(work, ""):
            yield replace(work, reason=work.reason or why, is_silenced=True)
        elif line := beside.get(work.middleware, 0):
            yield replace(work, reason=work.reason or f"line {line}, which is silenced, stays")
        else:
            yield work


def _is_kept(program: Program, call: ast.expr, module: Module) -> bool:
    """Whether a call hands its work to the keeper already."""
    if not isinstance(call, ast.Call):
        return False
    home = find_generated(program, keeper.TEXT)
    functions = program.called_functions(call, module)
    return home is not None and any(function.module is home for function in functions)


def _unsilenced(tasks: list[Dropped], silence: Silence) -> Iterator[Dropped]:
    for task in tasks:
        line = task.module.key(task.statement).line
        why = silence.why(task.module.path, line, codes.DROPPED.code)
        yield replace(task, reason=task.reason or why)


def _write(
    program: Program,
    draft: Draft,
    texts: dict[str, str],
    works: list[Work],
    tasks: list[Dropped],
) -> str:
    """The edits; gives the reason where the application can't keep tasks."""
    start = find_start(program)
    if isinstance(start, str):
        return start
    handed = [(work.call, work.middleware.module) for work in works]
    handed += [(task.work, task.module) for task in tasks if task.work is not None]
    taken = values_taken(program, handed)
    text = keeper.text(set(taken.values()))
    place = generated(program, start.module, keeper.MODULES, text)
    if place is None:
        return "there is no free name for the module that would keep its tasks"
    paths = {start.module.path, place.path, *(work.middleware.module.path for work in works)}
    paths |= {task.module.path for task in tasks}
    if start.lifespan is not None:
        paths.add(start.lifespan.module.path)
    if not all(program.codebase.editable(path) for path in paths):
        return "the application starts outside of the part that may be edited"
    if reason := suite_obstacle(program):
        return reason
    with draft.because(*_origins(works, tasks)):
        _keep(program, draft, texts, start, place)
    for group in dict.fromkeys((work.middleware, work.group) for work in works):
        together = [w for w in works if (w.middleware, w.group) == group]
        _start(program, draft, place, together, taken)
    for task in tasks:
        _hold(program, draft, place, task, taken)
    return ""


def _keep(
    program: Program, draft: Draft, texts: dict[str, str], start: Start, place: Generated
) -> None:
    if not place.exists:
        texts[place.path] = place.text
    if not is_entered(program, start, keeper.NAME, place.path):
        enter(program, draft, start, place.path, keeper.NAME)
    texts.update(work_in_place(program, draft, place.path, keeper.NAME))


def _start(
    program: Program,
    draft: Draft,
    place: Generated,
    works: list[Work],
    taken: Mapping[ast.expr, str],
) -> None:
    """``await background.run(...)`` in the place of the first, and the others within it."""
    first, *others = works
    module = first.middleware.module
    background = import_object(program, draft, module, place.path, keeper.NAME)
    values = _Values(program, draft, module, place, taken)
    for work in works:
        if not work.is_awaited:
            draft.add_import(module, "starlette.concurrency", "run_in_threadpool")
    for node in _arguments(first.call):
        if name := values.name(node):
            draft.edit(module, node, Rewrite(f"{name}({{self}})"))
    name = " and ".join(dict.fromkeys(_name(work, program) for work in works))
    rest = "".join(f", {_source(work, values)}" for work in others)
    own = "{value}" if first.is_awaited else _threaded(first.call)
    template = f'await {background}.run({own}{rest}, name="{name}")'
    draft.edit(module, first.statement.value, Rewrite(template))
    for work in others:
        draft.edit(module, work.statement, RemoveStatement())


def _hold(
    program: Program,
    draft: Draft,
    place: Generated,
    task: Dropped,
    taken: Mapping[ast.expr, str],
) -> None:
    """``await background.start(...)`` in the place of ``asyncio.create_task(...)``."""
    module, call = task.module, task.call
    values = _Values(program, draft, module, place, taken)
    background = import_object(program, draft, module, place.path, keeper.NAME)
    name = next((module.source(keyword.value) for keyword in call.keywords), "")
    if not name:
        name = f'"{_plain_name(task.what)}"'
    if is_replaced(task.statement, call):
        assert task.work is not None
        text = f"await {background}.start({values.called(task.work)}, name={name})"
        draft.edit(module, task.statement, ReplaceStatement(text))
    else:
        for node in _arguments(task.work) if task.work is not None else ():
            if function := values.name(node):
                draft.edit(module, node, Rewrite(f"{function}({{self}})"))
        draft.edit(module, call, Rewrite(f"await {background}.start({{0}}, name={name})"))
    draft.drop_import(module, "asyncio")


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _threaded(call: ast.Call) -> str:
    arguments = ", {args}" if call.args or call.keywords else ""
    return f"run_in_threadpool({{func}}{arguments})"


def _source(work: Work, values: _Values) -> str:
    """The text of a call that moves to the one before it."""
    call = work.call
    if work.is_awaited:
        return values.called(call)
    return f"run_in_threadpool({', '.join([values.module.source(call.func), *values.all(call)])})"


@dataclass(frozen=True)
class _Values:
    """Takes the values of requests and responses that are handed to the tasks of a module."""

    program: Program
    draft: Draft
    module: Module
    place: Generated
    taken: Mapping[ast.expr, str]

    def name(self, node: ast.expr) -> str:
        """The function that takes the values of an argument, where it is one of them."""
        function = keeper.VALUES.get(self.taken.get(node, ""), "")
        if not function or f"def {function}(" not in self.place.text:
            return ""
        return import_object(self.program, self.draft, self.module, self.place.path, function)

    def source(self, node: ast.expr) -> str:
        """The text of an argument, of which only the values are handed over."""
        name = self.name(node)
        text = self.module.source(node)
        return f"{name}({text})" if name else text

    def called(self, call: ast.Call) -> str:
        """The text of a call that is written anew."""
        if not any(self.name(node) for node in _arguments(call)):
            return self.module.source(call)
        return f"{self.module.source(call.func)}({', '.join(self.all(call))})"

    def all(self, call: ast.Call) -> list[str]:
        """The texts of the arguments of a call."""
        found = [self.source(argument) for argument in call.args]
        for keyword in call.keywords:
            before = f"{keyword.arg}=" if keyword.arg else "**"
            found.append(f"{before}{self.source(keyword.value)}")
        return found


def values_taken(
    program: Program, handed: Iterable[tuple[ast.Call, Module]]
) -> dict[ast.expr, str]:
    """The arguments of tasks that are a request or a response, by their kind."""
    plain = Plain(program)
    return {
        node: kind
        for call, module in handed
        for node in _arguments(call)
        if (kind := plain.kind(node, module)) in keeper.VALUES
    }


def _name(work: Work, program: Program) -> str:
    """The name of what is called, for logs."""
    call = work.call
    threaded = call.args and program.outside_name(call.func, work.middleware.module) in THREADS
    target = call.args[0] if threaded else call.func
    return _plain_name(ast.unparse(target))


def _plain_name(called: str) -> str:
    text = called.removeprefix("self.")
    return text if text.replace(".", "").isidentifier() else "work after the response"


def _finding(work: Work) -> Finding:
    module = work.middleware.module
    key = module.key(work.statement)
    called = ast.unparse(work.call.func)
    message = f"the client waits for {called}, which its response does not need"
    if work.reason:
        message = f"the client waits for {called}, which can't become a task: {work.reason}"
    return Finding(
        module.path,
        key.line,
        key.column + 1,
        (codes.KEPT if work.reason and not work.is_silenced else codes.WAITED).code,
        message,
        codes.NAME,
        Level.DISPLAY if work.reason else Level.UNSAFE,
        Treatment.LEFT if work.reason else Treatment.NATIVE,
        (work.reason,) if work.reason else (),
        work.middleware.function.qualname,
    )


def _decision(work: Work) -> Decision:
    called = ast.unparse(work.call.func)
    return Decision(
        work.middleware.module.path,
        work.statement.lineno,
        work.middleware.function.qualname,
        (Treatment.LEFT if work.reason else Treatment.NATIVE).value,
        f"the client waits for {called}" if work.reason else f"{called} becomes a task",
        (work.reason,) if work.reason else (),
    )


def _found_task(task: Dropped) -> Finding:
    key = task.module.key(task.statement)
    message = f"{task.what} becomes a task that nobody holds"
    if task.kept:
        message = f"{task.what} becomes a task that is never let go: {task.reason}"
    elif task.reason:
        message += f", and stays so: {task.reason}"
    return Finding(
        task.module.path,
        key.line,
        key.column + 1,
        codes.DROPPED.code,
        message,
        codes.NAME,
        Level.DISPLAY if task.reason else Level.UNSAFE,
        Treatment.LEFT if task.reason else Treatment.NATIVE,
        (task.reason,) if task.reason else (),
        task.function.qualname,
    )


def _decided_task(task: Dropped) -> Decision:
    return Decision(
        task.module.path,
        task.statement.lineno,
        task.function.qualname,
        (Treatment.LEFT if task.reason else Treatment.NATIVE).value,
        f"nobody holds the task {task.what}" if task.reason else f"the task {task.what} is held",
        (task.reason,) if task.reason else (),
    )


__all__ = ["plan"]
