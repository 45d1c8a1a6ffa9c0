"""One run as the user asked for it: a code base, the options and the passes that they select."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.config import Options, Overrides, load_options
from codemods.errors import UserError
from codemods.findings import Finding, Level, Treatment
from codemods.selection import Selection, resolve
from codemods.source import CodeBase, SourceError, load
from codemods.source.codebase import git_root
from codemods.suppression import suppressed, unused

if TYPE_CHECKING:
    from codemods.facts import Program
    from codemods.passes import Pass
    from codemods.pipeline import Migration


@dataclass(frozen=True)
class Report:
    """What a check found; ``withheld`` counts the edits that ``--unsafe-fixes`` would add."""

    findings: tuple[Finding, ...]
    errors: tuple[SourceError, ...] = ()
    withheld: int = 0


@dataclass(frozen=True)
class Project:
    """A code base with the options and passes of one run."""

    codebase: CodeBase
    options: Options
    selection: Selection

    def check(self) -> Report:
        """The findings in the part that may be edited."""
        from codemods.pipeline import inspect

        selection = self.selection
        inspected = inspect(self.codebase, selection.passes, self.options, selection.withheld)
        found = (*inspected.findings, *self._unused(inspected.findings))
        return Report(
            self.visible(found, self.codebase),
            inspected.errors,
            inspected.withheld + self._unsafe(inspected.further),
        )

    def migrate(self) -> Migration:
        """Run the passes."""
        from codemods.pipeline import inspect, migrate

        migration = migrate(self.codebase, self.selection.applied, self.options)
        if not self.options.markers:
            return migration
        from codemods.marking import with_markers

        left = inspect(migration.after, self.selection.applied, self.options).findings
        return with_markers(migration, self.visible(left, migration.after))

    def further(self, migration: Migration) -> int:
        """How many edits ``--unsafe-fixes`` would add to a migration."""
        own = sum(run.outcome.withheld for run in migration.runs)
        return own + self._further(migration.after, migration.program)

    def visible(self, findings: Iterable[Finding], codebase: CodeBase) -> tuple[Finding, ...]:
        """The findings that are selected, lie in PATH and are not suppressed, by place.

        ``codebase`` is the one that they were found in.
        """
        return tuple(sorted(f for f in findings if self._visible(f, codebase)))

    def _unused(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The comments that silence nothing."""
        by_path: dict[str, list[Finding]] = {}
        for finding in findings:
            by_path.setdefault(finding.path, []).append(finding)
        for file in self.codebase:
            yield from unused(file, by_path.get(file.path, ()), self.selection.silent)

    def _further(self, codebase: CodeBase, program: Program) -> int:
        from codemods.pipeline import inspect

        if not self.selection.withheld:
            return 0
        program.forget()
        found = inspect(codebase, (), self.options, self.selection.withheld, program)
        return self._unsafe(found.further)

    def _unsafe(self, findings: Iterable[Finding]) -> int:
        """How many of the findings ``--unsafe-fixes`` would mend."""
        return sum(
            finding.level is Level.UNSAFE
            and finding.treatment is not Treatment.LEFT
            and self.codebase.editable(finding.path)
            for finding in findings
        )

    def _visible(self, finding: Finding, codebase: CodeBase) -> bool:
        if finding.code not in self.selection.codes or not self.codebase.editable(finding.path):
            return False
        file = codebase.files.get(finding.path)
        return file is None or not suppressed(file, finding, self.options)


def open_project(
    target: Path, overrides: Overrides, passes: Sequence[Pass], config: Path | None = None
) -> Project:
    """Read configuration and code base around ``target``, and select from ``passes``."""
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link
    if not target.exists():
        raise UserError(f"{target}: no such file or folder")
    if config is not None and not config.is_file():
        raise UserError(f"{config}: no such configuration file")
    folder = target if target.is_dir() else target.parent
    options = load_options(target, git_root(folder) or folder, overrides, config)
    selection = resolve(options, passes)
    codebase = load(target, options.exclude)
    if codebase.target:
        from codemods.facts.connected import connected

        codebase = connected(codebase)
    return Project(codebase, options, selection)
