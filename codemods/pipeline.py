"""The way of the data: a code base goes through the passes, and what comes out is a migration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codemods.config import Options
from codemods.edits.apply import edit_files
from codemods.facts import Program
from codemods.findings import Finding
from codemods.passes import Outcome, Pass
from codemods.source import CodeBase, SourceError


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
    passed over.
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
    """What the passes say of a code base as it stands."""

    program: Program
    findings: tuple[Finding, ...]
    withheld: int
    errors: tuple[SourceError, ...]


def inspect(
    codebase: CodeBase,
    passes: Sequence[Pass],
    options: Options,
    program: Program | None = None,
) -> Inspection:
    """Let every pass look at the code base as it stands; nothing is edited."""
    program = program or Program(codebase)
    outcomes = [rule.plan(program, options) for rule in passes]
    return Inspection(
        program,
        tuple(sorted(finding for outcome in outcomes for finding in outcome.findings)),
        sum(outcome.withheld for outcome in outcomes),
        tuple(program.errors),
    )


def migrate(codebase: CodeBase, passes: Sequence[Pass], options: Options) -> Migration:
    """Run the passes one after the other, each over what the one before it left."""
    runs: list[PassRun] = []
    errors: dict[SourceError, None] = {}
    current, program = codebase, Program(codebase)
    for rule in passes:
        outcome = rule.plan(program, options)
        # The modules that the pass adds are among those that the others import.
        around = current.with_texts(outcome.texts)
        texts = edit_files(around, outcome.edits, jobs=options.jobs) | dict(outcome.texts)
        after = current.with_texts(texts) if texts else current
        runs.append(PassRun(rule, current, after, outcome))
        errors |= dict.fromkeys(program.errors)
        if texts:
            current, program = after, Program(after, reuse=program)
    return Migration(codebase, tuple(runs), program, tuple(errors))
