"""The way of the data: a code base goes through the passes, and what comes out is a migration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codemods.config import Options
from codemods.edits.apply import edit_files
from codemods.facts import Program
from codemods.findings import Finding
from codemods.passes import Outcome, Pass
from codemods.source import CodeBase


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
    """A code base, what was done to it pass by pass, and what it became."""

    before: CodeBase
    runs: tuple[PassRun, ...]

    @property
    def after(self) -> CodeBase:
        """The code base after the last pass."""
        return self.runs[-1].after if self.runs else self.before

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all passes, by place."""
        return tuple(sorted(f for run in self.runs for f in run.outcome.findings))


def check(codebase: CodeBase, passes: Sequence[Pass], options: Options) -> tuple[Finding, ...]:
    """Findings of every pass over the code base as it stands; nothing is edited."""
    program = Program(codebase)
    return tuple(
        sorted(finding for rule in passes for finding in rule.plan(program, options).findings)
    )


def migrate(codebase: CodeBase, passes: Sequence[Pass], options: Options) -> Migration:
    """Run the passes one after the other, each over what the one before it left."""
    runs: list[PassRun] = []
    current, program = codebase, Program(codebase)
    for rule in passes:
        outcome = rule.plan(program, options)
        texts = edit_files(current, outcome.edits, jobs=options.jobs) | dict(outcome.texts)
        after = current.with_texts(texts) if texts else current
        runs.append(PassRun(rule, current, after, outcome))
        if texts:
            current, program = after, Program(after, reuse=program)
    return Migration(codebase, tuple(runs))
