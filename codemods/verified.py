"""A migration of which every part passes the user's own command; the rest is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from codemods.config import Held
from codemods.errors import UserError
from codemods.findings import Treatment
from codemods.passes import Pass
from codemods.patches.messages import one_line
from codemods.pipeline import Migration, PassRun, migrate
from codemods.project import Project
from codemods.sinks.git import redacted
from codemods.sinks.tracebacks import first_lines
from codemods.sinks.verify import Run, Verifier
from codemods.suppression import function_lines

#: So often the command runs at most to find one part of a pass that breaks it.
_MOST_STEPS = 10
_MOST_CULPRITS = 2
#: So many parts are put into order, which takes a run of the pass for each.
_MOST_PARTS = 60
#: So many functions that a traceback names are tried by themselves.
_MOST_GUESSES = 4


#: A variable that a command line sets.
_ASSIGNED = re.compile(r"\b([A-Za-z_]\w*)=(?:'[^']*'|\"[^\"]*\"|[^\s;&|])+")


@dataclass(frozen=True)
class LeftOut:
    """A part that is not landed: a pass, or what it does to some files or functions; and why.

    ``connected`` are the functions that stay as they were because of it.
    """

    rule: str
    paths: tuple[str, ...]
    reason: str
    symbols: tuple[str, ...] = ()
    connected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verified:
    """What can be landed, what can't, and how the command ended before and after."""

    migration: Migration
    command: str
    environment: str
    before: Run
    after: Run | None
    left_out: tuple[LeftOut, ...] = ()
    held: tuple[Held, ...] = ()

    def results(self) -> dict[str, Any]:
        """For other programs: how the command ended, and what was left out because of it."""
        return {
            "command": self.command,
            "environment": self.environment,
            "before": _result(self.before),
            "after": _result(self.after) if self.after else None,
            "left_out": [asdict(left) for left in self.left_out],
        }

    def section(self) -> str:
        """For the body of a request: what a reviewer wants to know, the same in a second run."""
        runs = [run for run in (self.before, self.after) if run is not None]
        known = "\n".join(f"- {_code(name)}" for name in self.before.failures)
        left = "\n".join(f"- {_left_out(one)}" for one in self.left_out)
        parts = [
            "## Verified",
            f"{_code(_public(self.command))}, run in a copy of the repository, in {self.where}:",
            "\n".join(["| | result |", "|---|---|", *(f"| {_cell(run)} |" for run in runs)]),
            f"Failing before, so not counted:\n\n{known}" if known else "",
            "" if self.before.telling else "It fails before already, so it proves nothing.",
            f"Left out, since it failed with them:\n\n{left}" if left else "",
        ]
        return "\n\n".join(part for part in parts if part)

    @property
    def where(self) -> str:
        """The environment, within a sentence."""
        if self.made:
            return f"environments {self.environment}"
        return "the environment of whoever made this request"

    @property
    def made(self) -> bool:
        """Whether the environment was made for it."""
        return self.environment.startswith("made ")


def verify(project: Project, migration: Migration, verifier: Verifier) -> Verified:
    """Run the command before and after ``migration``; where it breaks, leave out what breaks it.

    Tests that fail before may fail after it too.
    """
    base = migration.before
    before = verifier.run("before", base, base)
    if before.missing:
        raise UserError(
            f"the command of --verify can't be run (exit code {before.code}): "
            f"{verifier.last_said()}; the environment is {verifier.where}"
        )
    after: Run | None = None
    left, held = tuple[LeftOut, ...](), tuple[Held, ...]()
    if migration.changed:
        after = verifier.run("after", base, migration.after)
        if before.telling and not after.as_good_as(before):
            narrowing = _Narrowing(project, verifier, before, after)
            migration, after = narrowing.landed()
            left, held = narrowing.left_out, narrowing.held
    where = (verifier.command, verifier.where)
    return Verified(migration, *where, before, after, left, held)


class _Narrowing:
    """Builds the migration up pass by pass, and drops what turns the command red."""

    def __init__(self, project: Project, verifier: Verifier, before: Run, after: Run) -> None:
        self._project = project
        self._verifier = verifier
        self._before = before
        self._left: list[LeftOut] = []
        self._held: list[Held] = []
        self._last = after
        self._known: dict[tuple[tuple[str, ...], frozenset[Held]], Run] = {}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was found to break the command."""
        return tuple(self._left)

    @property
    def held(self) -> tuple[Held, ...]:
        """The files and functions that have to be left alone for that."""
        return tuple(self._held)

    def landed(self) -> tuple[Migration, Run]:
        """The largest part that was found to pass, and how the command ends with it."""
        kept: list[Pass] = []
        for rule in self._project.selection.applied:
            gone = {left.rule for left in self._left if not left.paths}
            if needed := [need for need in rule.needs if need in gone]:
                self._left.append(LeftOut(rule.name, (), f"it needs {needed[0]}"))
                continue
            whole = self._migrated([*kept, rule])
            if _changed(whole, rule) and not self._passes([*kept, rule]):
                self._narrow(kept, rule, whole)
            if not any(left.rule == rule.name and not left.paths for left in self._left):
                kept.append(rule)
        landed = self._migrated(kept)
        after = self._verifier.run("after", landed.before, landed.after)
        return landed, after

    def _narrow(self, kept: Sequence[Pass], rule: Pass, whole: Migration) -> None:
        """Find the part of a pass that breaks the command, or give the pass up."""
        reason = f"the command passes without it and fails with it ({self._last.how})"
        held = self._part(kept, rule, whole)
        landed = self._migrated([*kept, rule], held)
        if held and _changed(landed, rule) and _natives(landed, rule):
            self._held += held
            paths = tuple(dict.fromkeys(one.path for one in held))
            symbols = tuple(_symbol(whole, rule, one) for one in held if not one.whole)
            connected = _connected(whole, landed, rule, symbols, held)
            self._left.append(LeftOut(rule.name, paths, reason, symbols, connected))
        else:
            self._left.append(LeftOut(rule.name, (), reason))

    def _part(self, kept: Sequence[Pass], rule: Pass, whole: Migration) -> list[Held]:
        """The functions, or else the files, without which the command passes."""
        paths = _changed(whole, rule)
        functions = [part for path in paths for part in _functions(whole, rule, path)]
        # Too many to find out what hangs on each of them: the failed run itself says where it went.
        if len(functions) > _MOST_PARTS and (told := self._told(kept, rule, whole)):
            return told
        # A test that stays as it was may need all that it tests as it was: code comes first.
        code = [part for part in functions if not _is_test(part.path)]
        for parts in (code, functions) if len(functions) <= _MOST_PARTS else ():
            if found := self._culprits(kept, rule, self._ordered(whole, rule, parts)):
                return found
        files = [Held(rule.name, path) for path in paths]
        found = self._culprits(kept, rule, self._ordered(whole, rule, files))
        if found and len(functions) > _MOST_PARTS:
            inside = [part for one in found for part in _functions(whole, rule, one.path)]
            return self._culprits(kept, rule, self._ordered(whole, rule, inside)) or found
        return found

    def _told(self, kept: Sequence[Pass], rule: Pass, whole: Migration) -> list[Held]:
        """The function that the tracebacks of the failed run lead to, if leaving it is enough."""
        run = _run(whole, rule)
        if run is None:
            return []
        lines = first_lines(self._last.places, run.before, run.after)
        touched = {path: _functions(whole, rule, path) for path, _ in lines}
        named = dict.fromkeys(
            part
            for path, line in lines
            for part in touched[path]
            if part.first <= line <= part.last and not _is_test(path)
        )
        for part in self._ordered(whole, rule, list(named)[:_MOST_GUESSES]):
            if self._passes([*kept, rule], [part]):
                return [part]
        return []

    def _ordered(self, whole: Migration, rule: Pass, parts: Sequence[Held]) -> list[Held]:
        """The parts, first those without which most of the pass can still be done.

        What is connected with a part stays with it, so the order tells a cause from what only
        hangs together with it.
        """
        run = _run(whole, rule)
        if run is None or len(parts) > _MOST_PARTS:
            return list(parts)
        remains = {}
        for part in parts:
            options = replace(self._project.options, held=(*self._held, part))
            remains[part] = _natives(migrate(run.before, (rule,), options), rule)
        return sorted(parts, key=lambda part: (-remains[part], part))

    def _culprits(self, kept: Sequence[Pass], rule: Pass, parts: Sequence[Held]) -> list[Held]:
        """The parts without which the command passes; none where it can't be found out."""
        found: list[Held] = []
        for _ in range(_MOST_CULPRITS):  # each may break it by itself
            rest = [part for part in parts if part not in found]
            culprit = self._culprit(kept, rule, rest, found)
            if culprit is None:
                break
            found.append(culprit)
            if self._passes([*kept, rule], found):
                return found
        return []

    def _culprit(
        self, kept: Sequence[Pass], rule: Pass, parts: Sequence[Held], held: Sequence[Held]
    ) -> Held | None:
        """The first part that has to be held for the command to pass, by bisection."""
        low, high = 0, len(parts)  # fails without the first `low` parts, passes without `high`
        for _ in range(_MOST_STEPS):
            if high - low <= 1:
                return parts[low] if parts else None
            middle = (low + high) // 2
            if self._passes([*kept, rule], [*held, *parts[:middle]]):
                high = middle
            else:
                low = middle
        return None

    def _passes(self, rules: Sequence[Pass], held: Sequence[Held] = ()) -> bool:
        key = (tuple(rule.name for rule in rules), frozenset((*self._held, *held)))
        if key not in self._known:
            self._known[key] = self._verified(rules, held)
        self._last = self._known[key]
        return self._last.as_good_as(self._before)

    def _verified(self, rules: Sequence[Pass], held: Sequence[Held]) -> Run:
        state = self._migrated(rules, held)
        label = f"with {', '.join(one.name for one in rules)}"
        if held:
            kind = "files" if held[-1].whole else "functions"
            label += f", but not in {len(held)} of the {kind}"
        return self._verifier.run(label, state.before, state.after)

    def _migrated(self, rules: Sequence[Pass], held: Sequence[Held] = ()) -> Migration:
        """The migration by some passes, without what was left out and without ``held``."""
        selection = replace(self._project.selection, passes=tuple(rules))
        options = replace(self._project.options, held=(*self._held, *held))
        return replace(self._project, selection=selection, options=options).migrate()


def _result(run: Run) -> dict[str, Any]:
    """For other programs; where it failed is for the narrowing alone."""
    return {name: value for name, value in asdict(run).items() if name != "places"}


def _left_out(left: LeftOut) -> str:
    what = f" of {', '.join(map(_code, left.symbols))}" if left.symbols else ""
    where = f" in {', '.join(map(_code, left.paths))}" if left.paths else ""
    more = f", with {len(left.connected)} more that are connected" if left.connected else ""
    return f"{left.rule}{what}{where}{more}: {one_line(left.reason)}"


def _cell(run: Run) -> str:
    return f"{run.label} | {one_line(run.how).replace('|', '/')}"


def _code(text: str) -> str:
    return f"`{one_line(text).replace('`', chr(39))}`"


def _public(command: str) -> str:
    """A command line without the values that it hands over, which may be secrets."""
    return _ASSIGNED.sub(r"\1=...", redacted(command))


def _run(migration: Migration, rule: Pass) -> PassRun | None:
    return next((run for run in migration.runs if run.rule is rule), None)


def _changed(migration: Migration, rule: Pass) -> tuple[str, ...]:
    run = _run(migration, rule)
    return run.changed if run else ()


def _is_test(path: str) -> bool:
    *folders, name = path.split("/")
    return "tests" in folders or name.startswith(("test_", "conftest."))


def _natives(migration: Migration, rule: Pass) -> int:
    """How much a pass converts: decisions and findings."""
    run = next((run for run in migration.runs if run.rule.name == rule.name), None)
    if run is None:
        return 0
    decided = sum(d.treatment == Treatment.NATIVE.value for d in run.outcome.decisions)
    return decided + sum(f.treatment is Treatment.NATIVE for f in run.outcome.findings)


def _functions(migration: Migration, rule: Pass, path: str) -> list[Held]:
    """The functions of a file in which a pass decided or found something, as parts to hold."""
    run = _run(migration, rule)
    if run is None or not path.endswith(".py") or path not in run.before:
        return []
    lines = {one.line for one in run.outcome.decisions if one.path == path}
    lines |= {one.line for one in run.outcome.findings if one.path == path}
    found = set[Held]()
    for first, last in function_lines(run.before[path]):
        if any(first <= line <= last for line in lines):
            found.add(Held(rule.name, path, first, last))
    return sorted(found)


def _symbol(migration: Migration, rule: Pass, held: Held) -> str:
    """The name of a function, as the plan has it."""
    run = _run(migration, rule)
    for decision in run.outcome.decisions if run else ():
        if held.covers(rule.name, decision.path, decision.line) and decision.symbol:
            return decision.symbol
    return f"line {held.first}"


def _connected(
    whole: Migration,
    landed: Migration,
    rule: Pass,
    symbols: Sequence[str],
    held: Sequence[Held],
) -> tuple[str, ...]:
    """The other functions of the plan that are converted no more, with their files."""
    files = {one.path for one in held if one.whole}
    before, after = (
        {(d.path, d.symbol): d.treatment for d in run.outcome.decisions}
        for run in (_run(whole, rule), _run(landed, rule))
        if run is not None
    )
    native = Treatment.NATIVE.value
    return tuple(
        f"{symbol} in {path}"
        for (path, symbol), treatment in before.items()
        if treatment == native and after.get((path, symbol)) != native
        if symbol not in symbols and path not in files
    )
