"""The way of the data: a code base goes through the passes, and what comes out is a migration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from codemods.config import Options
from codemods.confine import confine
from codemods.edits.actions import FileEdits
from codemods.edits.apply import edit_files, require_compiled
from codemods.facts import Program
from codemods.findings import Finding, Level, Treatment
from codemods.passes import Outcome, Pass, all_passes
from codemods.passes.base import Decision
from codemods.source import CodeBase, SourceError
from codemods.suppression import frozen, silences, suppressed
from codemods.together import answers


@dataclass(frozen=True)
class PassRun:
    """One pass that ran: the code base before it, its decisions, the code base after it."""

    rule: Pass
    before: CodeBase
    after: CodeBase
    outcome: Outcome

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths that differ."""
        return tuple(
            path
            for path, file in self.after.files.items()
            if path not in self.before.files or self.before.files[path].text != file.text
        )


@dataclass(frozen=True)
class Migration:
    """A code base, what was done to it pass by pass, and what it became.

    ``program`` are the facts of the code base after the last pass, ``errors`` the files that were
    passed over, and those outside of PATH because of which a pass was left out.
    """

    before: CodeBase
    runs: tuple[PassRun, ...]
    program: Program
    errors: tuple[SourceError, ...] = ()

    @property
    def after(self) -> CodeBase:
        """The code base after the last pass."""
        return self.runs[-1].after if self.runs else self.before

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths that any pass changed, in the order of the passes."""
        return tuple(dict.fromkeys(path for run in self.runs for path in run.changed))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all passes, by place."""
        return tuple(sorted(f for run in self.runs for f in run.outcome.findings))


@dataclass(frozen=True)
class Inspection:
    """What the passes say of a code base as it stands.

    ``further`` are the findings of passes that only ``--unsafe-fixes`` would run.
    """

    findings: tuple[Finding, ...]
    further: tuple[Finding, ...]
    withheld: int
    errors: tuple[SourceError, ...]


def inspect(
    codebase: CodeBase,
    passes: Sequence[Pass],
    options: Options,
    withheld: Sequence[Pass] = (),
    program: Program | None = None,
) -> Inspection:
    """Let every pass look at the code base as it stands; nothing is edited.

    The passes that are ``withheld`` look at it with ``--unsafe-fixes``. ``program`` are the facts,
    where they are known already.
    """
    first = program or Program(codebase)
    unsafe = replace(options, unsafe_fixes=True)
    tasks = [(rule, options) for rule in passes] + [(rule, unsafe) for rule in withheld]
    groups = _grouped([rule for rule, _ in tasks])
    found = answers(
        [partial(_planned, [tasks[index] for index in group], first) for group in groups],
        len(list(codebase.python_files)) if program is None else 0,
        options.jobs,
    )
    planned = dict(zip(chain(*groups), chain(*found), strict=True))
    outcomes: list[Outcome] = []
    errors: dict[SourceError, None] = {}
    blocks: dict[str, str] = {}
    for index, (rule, chosen) in enumerate(tasks):
        outcome, seen = planned[index]
        own = _for_pass(first, rule, chosen)
        outcome = _checked(rule, outcome, own, chosen, blocks)
        outcome, refusal = confine(outcome, rule, codebase)
        outcomes.append(outcome)
        errors |= dict.fromkeys([*seen, *([refusal] if refusal else [])])
    run = outcomes[: len(passes)]
    return Inspection(
        tuple(sorted(finding for outcome in run for finding in outcome.findings)),
        tuple(finding for outcome in outcomes[len(passes) :] for finding in outcome.findings),
        sum(outcome.withheld for outcome in run),
        tuple(errors),
    )


def _grouped(passes: Sequence[Pass]) -> list[list[int]]:
    """The places of ``passes``, those together of which one heeds the others: these first.

    They take longest, and the passes that come first in the order have the most to read.
    """
    heeding = {name: index for index, rule in enumerate(passes) for name in rule.heeds}
    groups: dict[int, list[int]] = {}
    for index, rule in enumerate(passes):
        groups.setdefault(heeding.get(rule.name, index), []).append(index)
    return sorted(groups.values(), key=len, reverse=True)


def _planned(
    tasks: Sequence[tuple[Pass, Options]], program: Program
) -> list[tuple[Outcome, tuple[SourceError, ...]]]:
    """What passes decide one after the other, and the files that each could not read."""
    known: dict[str, Outcome] = {}
    found = []
    for rule, options in tasks:
        own = _for_pass(program, rule, options)
        known[rule.name] = outcome = rule.plan(own, _heeding(rule, own, options, known))
        found.append((outcome, tuple(own.errors)))
    return found


def _heeding(
    rule: Pass, program: Program, options: Options, known: Mapping[str, Outcome]
) -> Options:
    """The options with what the passes that ``rule`` heeds leave in ``program``.

    They look at the code base as it is now, but for those of which that is ``known``.
    """
    found: list[Finding] = []
    for heeded in all_passes() if rule.heeds else ():
        if heeded.name in rule.heeds:
            outcome = known.get(heeded.name)
            if outcome is None:
                outcome = heeded.plan(_for_pass(program, heeded, options), options)
            found += _left(outcome)
    return replace(options, left=tuple(found))


def _left(outcome: Outcome) -> list[Finding]:
    return [f for f in outcome.findings if f.treatment is Treatment.LEFT]


def migrate(codebase: CodeBase, passes: Sequence[Pass], options: Options) -> Migration:
    """Run the passes one after the other, each over what the one before it left."""
    runs: list[PassRun] = []
    errors: dict[SourceError, None] = {}
    current, program = codebase, Program(codebase)
    blocks: dict[str, str] = {}
    for rule in passes:
        program = _for_pass(program, rule, options)
        # What left nothing when it ran leaves nothing now.
        spent = {run.rule.name: run.outcome for run in runs if not _left(run.outcome)}
        own = _heeding(rule, program, options, spent)
        outcome = rule.plan(program, own)
        if runs and runs[-1].rule.prepares == rule.name and _is_idle(outcome):
            unprepared = _for_pass(Program(runs[-1].before, reuse=program), rule, options)
            bare = rule.plan(unprepared, replace(own, left=tuple(_left(runs[-1].outcome))))
            if _is_idle(bare):
                # What it left is why nothing becomes native, or one of the reasons.
                undone = Outcome(findings=tuple(_left(runs[-1].outcome)))
                runs[-1] = replace(runs[-1], after=runs[-1].before, outcome=undone)
                program, outcome = unprepared, bare
        if ignored := _ignored(outcome, program, options):
            wanted = program.codebase.frozen | ignored
            program = program.succeeded_by(replace(program.codebase, frozen=wanted))
            outcome = rule.plan(program, own)
        current = program.codebase
        outcome = _checked(rule, outcome, program, options, blocks)
        outcome, refusal = confine(outcome, rule, current)
        # The modules that the pass adds are among those that the others import.
        around = current.with_texts(outcome.texts)
        texts = edit_files(around, outcome.edits, jobs=options.jobs) | dict(outcome.texts)
        require_compiled(current, texts)
        after = current.with_texts(texts) if texts else current
        runs.append(PassRun(rule, current, after, outcome))
        errors |= dict.fromkeys([*program.errors, *([refusal] if refusal else [])])
        if texts:
            current, program = after, program.succeeded_by(after)
    return Migration(codebase, tuple(runs), program, tuple(errors))


def _is_idle(outcome: Outcome) -> bool:
    """Whether a pass makes nothing native, so that nothing had to be prepared for it."""
    return all(decision.treatment != Treatment.NATIVE.value for decision in outcome.decisions)


def _for_pass(program: Program, rule: Pass, options: Options) -> Program:
    """The program in which the files are frozen that the user wants ``rule`` to leave alone."""
    wanted = frozen(program.codebase, rule.name, rule.codes, options)
    if wanted == program.codebase.frozen:
        return program
    return Program(replace(program.codebase, frozen=wanted), reuse=program)


def _checked(
    rule: Pass, outcome: Outcome, program: Program, options: Options, blocks: dict[str, str]
) -> Outcome:
    """What ``rule`` decided; ``blocks`` are the passes that speak against those that need them.

    Where it edits a frozen file nothing of it is done, since its parts belong together.
    """
    if outcome.blocks:
        blocks[rule.name] = outcome.blocks[0]
    edited = [path for path, edits in outcome.edits.items() if edits != FileEdits()]
    for path in (*edited, *outcome.texts):
        if path in program.codebase.frozen:
            return _left_out(rule, outcome, f"it has to edit {path}, which is to be left alone")
    if edited and not options.unsafe_fixes:
        for need in rule.needs:
            if need not in blocks and (why := _absent(need, program, options)):
                blocks[need] = why
            if need in blocks:
                return _left_out(rule, outcome, blocks[need])
    return outcome


def _ignored(outcome: Outcome, program: Program, options: Options) -> frozenset[str]:
    """The files in which a pass would edit a silenced place, since it only knows whole files."""
    files = program.codebase.files
    return (
        frozenset(
            finding.path
            for finding in outcome.findings
            if finding.treatment is not Treatment.LEFT
            and finding.path in files
            and suppressed(files[finding.path], finding, options)
        )
        - program.codebase.frozen
    )


def _absent(name: str, program: Program, options: Options) -> str:
    """Why a pass speaks against those that need it, where it is not run itself but silenced."""
    for rule in all_passes():
        codes = [code.code for code in rule.codes]
        if rule.name == name and silences(program.codebase, rule.name, codes, options):
            return next(iter(rule.plan(_for_pass(program, rule, options), options).blocks), "")
    return ""


def _left_out(rule: Pass, outcome: Outcome, why: str) -> Outcome:
    """Nothing of ``outcome`` is done; its findings say why."""
    findings = tuple(
        replace(f, treatment=Treatment.LEFT, level=Level.DISPLAY, reasons=(why, *f.reasons))
        for f in outcome.findings
    )
    place = min(outcome.findings, default=None)
    path, line = (place.path, place.line) if place else (next(iter(outcome.edits), ""), 1)
    decision = Decision(path, line, "", Treatment.LEFT.value, f"nothing of {rule.name}", (why,))
    return Outcome(findings=findings, decisions=(decision,), withheld=outcome.withheld)
