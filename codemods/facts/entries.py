"""Where programs begin beside the service: commands, tasks of workers, jobs of schedulers, threads.

A library (or the shell) calls such a function with no event loop around it, and does not await it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue

if TYPE_CHECKING:
    from codemods.facts.program import Program


class Kind(Enum):
    """How long an entry has its process for itself."""

    #: The process is that of the command, and ends with it.
    COMMAND = "command"
    #: It runs again and again, maybe beside others, maybe in a thread of the service.
    JOB = "job"


@dataclass(frozen=True)
class Entry:
    """A function that something outside calls. ``what`` names it: "a Celery task"."""

    function: Function
    kind: Kind
    what: str


@dataclass(frozen=True)
class _Row:
    kind: Kind
    what: str
    #: Which argument of a call is the function: its place, and its keyword.
    position: int | None = None
    keyword: str = ""


def _rows(names: str, kind: Kind, what: str, *place: int | str) -> dict[str, _Row]:
    position = next((part for part in place if isinstance(part, int)), None)
    keyword = next((part for part in place if isinstance(part, str)), "")
    return {name: _Row(kind, what, position, keyword) for name in names.split()}


_CLICK = """click.command click.group click.decorators.command click.decorators.group
    click.Group.command click.Group.group rich_click.command rich_click.group"""
_SCHEDULERS = (
    "apscheduler.schedulers.background.BackgroundScheduler",
    "apscheduler.schedulers.blocking.BlockingScheduler",
)
_HUEYS = "Huey RedisHuey PriorityRedisHuey RedisExpireHuey SqliteHuey FileHuey MemoryHuey".split()
_POOLS = "multiprocessing.pool.Pool multiprocessing.pool.ThreadPool".split()
_POOLED = "apply apply_async map map_async imap imap_unordered starmap starmap_async".split()
_EXECUTORS = "Executor ThreadPoolExecutor ProcessPoolExecutor".split()

#: Decorators after which a call only sends a job: to whoever calls it, it is another object.
SENDING = frozenset(f"huey.{h}.{kind}" for h in _HUEYS for kind in ("task", "periodic_task"))

#: Decorators, by resolved name.
_DECORATORS: dict[str, _Row] = {
    **_rows("typer.Typer.command typer.Typer.callback", Kind.COMMAND, "a command of Typer"),
    **_rows(_CLICK, Kind.COMMAND, "a command of Click"),
    **_rows("celery.Celery.task celery.shared_task", Kind.JOB, "a Celery task"),
    **_rows("celery.app.shared_task celery.app.base.Celery.task", Kind.JOB, "a Celery task"),
    **_rows("dramatiq.actor", Kind.JOB, "an actor of Dramatiq"),
    **_rows("rq.decorators.job rq.job", Kind.JOB, "a job of RQ"),
    **_rows("schedule.repeat", Kind.JOB, "a job of schedule"),
    **{name: _Row(Kind.JOB, "a task of Huey") for name in SENDING},
    **{
        f"{name}.scheduled_job": _Row(Kind.JOB, f"a job of {name.rpartition('.')[2]}")
        for name in _SCHEDULERS
    },
}
#: Calls that are handed a function, by resolved name.
_CALLS: dict[str, _Row] = {
    **{
        f"{name}.add_job": _Row(Kind.JOB, f"a job of {name.rpartition('.')[2]}", 0, "func")
        for name in _SCHEDULERS
    },
    **_rows("threading.Thread", Kind.JOB, "the target of a thread", 1, "target"),
    **_rows("threading.Timer", Kind.JOB, "the function of a timer", 1, "function"),
    **_rows(
        "multiprocessing.Process multiprocessing.context.BaseContext.Process",
        Kind.JOB,
        "the target of a process",
        1,
        "target",
    ),
    **_rows("rq.Queue.enqueue", Kind.JOB, "a job of RQ", 0, "f"),
    **_rows("rq.Queue.enqueue_call rq.Queue.prepare_data", Kind.JOB, "a job of RQ", 0, "func"),
    **_rows("rq.Queue.enqueue_in", Kind.JOB, "a job of RQ", 1, "func"),
    **_rows("rq.Queue.enqueue_at", Kind.JOB, "a job of RQ", 1, "f"),
    **_rows("rq.Callback rq.job.Callback", Kind.JOB, "a callback of RQ", 0, "func"),
    **_rows("rq.job.Job.create rq.Job.create", Kind.JOB, "a job of RQ", 0, "func"),
    **{
        f"{pool}.{name}": _Row(Kind.JOB, "a job of a pool", 0, "func")
        for pool in _POOLS
        for name in _POOLED
    },
    **{
        f"concurrent.futures.{executor}.{name}": _Row(Kind.JOB, "a job of an executor", 0, "fn")
        for executor in _EXECUTORS
        for name in ("submit", "map")
    },
    **_rows("argparse.ArgumentParser.set_defaults", Kind.COMMAND, "a command of argparse"),
}
#: ``schedule.every().day.at("10:30").do(job)``: where the chain of methods begins.
_CHAINS = {
    "do": (("schedule.every", "schedule.Scheduler.every"), _Row(Kind.JOB, "", 0, "job_func"))
}
#: Groups of commands, which have decorators of their own.
_GROUPS = ("click.group", "click.decorators.group", "click.Group.group", "rich_click.group")


class Entries:
    """The entries of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.all: dict[Function, Entry] = {}
        #: The expressions that hand an entry to its library.
        self.registrations: set[ast.AST] = set()
        #: The entries that a string names: ``scheduler.add_job("clinic.jobs:close_day")``, scripts.
        self.named: set[Function] = set()
        for entry in (*self._decorated(), *self._handed(), *self._scripts()):
            self.all.setdefault(entry.function, entry)

    def _decorated(self) -> Iterator[Entry]:
        for function in self.program.functions():
            for decorator in function.definition.decorator_list:
                row = self._row(decorator, function.module)
                if row is not None:
                    yield Entry(function, row.kind, row.what)

    def _row(self, decorator: ast.expr, module: Module) -> _Row | None:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if row := _DECORATORS.get(self.program.outside_name(called, module)):
            return row
        if isinstance(called, ast.Attribute) and called.attr in ("command", "group"):
            for value in self.program.infer(called.value, module):
                # ``@cli.command()`` where ``cli`` is a function that became a group.
                if isinstance(value, FunctionValue) and self._is_group(value.function):
                    return _DECORATORS["click.command"]
        return None

    def _is_group(self, function: Function) -> bool:
        names = self.program.decorators(function)
        if any(name in _GROUPS for name in names):
            return True
        return any(
            self._row(decorator, function.module) is not None
            and isinstance(called := getattr(decorator, "func", decorator), ast.Attribute)
            and called.attr == "group"
            for decorator in function.definition.decorator_list
        )

    # -- handed on ---------------------------------------------------------------------------

    def _handed(self) -> Iterator[Entry]:
        words = {name.rpartition(".")[2] for name in _CALLS} | set(_CHAINS)
        for module in self.program.modules.mentioning(sorted(words)):
            for word in sorted(words):
                for call in module.syntax.calls.get(word, ()):
                    yield from self._of_call(call, word, module)

    def _of_call(self, call: ast.Call, word: str, module: Module) -> Iterator[Entry]:
        row = _CALLS.get(self.program.outside_name(call.func, module))
        what = row.what if row is not None else ""
        if row is None and word in _CHAINS:
            roots, chained = _CHAINS[word]
            if self.program.outside_name(_root(call), module) in roots:
                row, what = chained, "a job of schedule"
        if row is None:
            return
        for given in _given(call, row):
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                function = self._named(module.folder, given.value)
                if function is not None:
                    self.named.add(function)
                    yield Entry(function, row.kind, what)
            for value in self.program.infer(given, module):
                if isinstance(value, FunctionValue):
                    self.registrations.add(given)
                    yield Entry(value.function, row.kind, what)

    # -- console scripts ---------------------------------------------------------------------

    def _scripts(self) -> Iterator[Entry]:
        for folder, target in self.program.versions.scripts:
            function = self._named(folder, target)
            if function is not None:
                self.named.add(function)
                yield Entry(function, Kind.COMMAND, "a console script")

    def _named(self, folder: str, target: str) -> Function | None:
        """The function that ``module:function`` (or ``module.function``) means in a folder."""
        dotted, _, name = target.rpartition(":" if ":" in target else ".")
        module = self.program.modules.named(folder, dotted) if dotted else None
        home = self.program.home_of(module.scope, name) if module is not None else None
        bindings = home[0].bindings.get(home[1], ()) if home is not None else ()
        if home is None or len(bindings) != 1 or bindings[0].kind != "def":
            return None
        return home[0].module.functions[bindings[0].node]


def _given(call: ast.Call, row: _Row) -> list[ast.expr]:
    if not row.keyword:
        return [keyword.value for keyword in call.keywords]
    found = [keyword.value for keyword in call.keywords if keyword.arg == row.keyword]
    if row.position is not None and len(call.args) > row.position:
        found.append(call.args[row.position])
    return found


def _root(call: ast.Call) -> ast.expr:
    """What the first call of a chain of methods and attributes calls."""
    current: ast.expr = call
    first: ast.expr = call.func
    while isinstance(current, ast.Call | ast.Attribute):
        if isinstance(current, ast.Call):
            first = current.func
            current = current.func
        else:
            current = current.value
    return first
