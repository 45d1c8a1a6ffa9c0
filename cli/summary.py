"""The last line of each command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from codemods.findings import Finding, Treatment

if TYPE_CHECKING:
    from codemods.patches import Patch
    from codemods.patches.story import Chapter
    from codemods.pipeline import Migration
    from codemods.project import Project, Report
    from codemods.verified import Verified

#: So many names are listed in a line.
_MOST_SHOWN = 10


def check_summary(found: Report) -> str:
    """What a check found."""
    hint = _further(found.withheld)
    if not found.findings:
        return f"No findings.{hint}"
    files = len({finding.path for finding in found.findings})
    return (
        f"Found {counted(len(found.findings), 'finding')} in {counted(files, 'file')} "
        f"({_treatments(found.findings)}).{hint}"
    )


def diff_summary(project: Project, migration: Migration, patch: Patch) -> str:
    """What a diff would change."""
    if not patch:
        return f"Nothing to change.{further(project, migration)}"
    files = counted(len(patch.files), "file")
    return f"Would change {files} (+{patch.added} -{patch.removed}).{further(project, migration)}"


def apply_summary(
    project: Project, migration: Migration, patch: Patch, story: Sequence[Chapter]
) -> str:
    """What an apply changed."""
    findings = [finding for chapter in story for finding in chapter.findings]
    hint = further(project, migration)
    left = sum(finding.treatment is Treatment.LEFT for finding in findings)
    if not patch:
        rest = f" {counted(left, 'place')} left as before." if left else ""
        return f"Nothing to change.{rest}{hint}"
    files = counted(len(patch.files), "file")
    return f"Changed {files} (+{patch.added} -{patch.removed}): {_treatments(findings)}.{hint}"


def verify_summary(verified: Verified, log: str) -> Iterator[str]:
    """How the command ended, what was left out because of it, and where its output is."""
    runs = [str(run) for run in (verified.before, verified.after) if run is not None]
    yield f"Verified: {'; '.join(runs)}. Output: {log}"
    yield f"Environment: {verified.environment}."
    if not verified.before.telling:
        hint = "; --verify-env names another environment" if verified.made else ""
        yield f"The command fails before the migration, so nothing was left out for it{hint}."
    elif not verified.before.passed:
        tests = counted(len(verified.before.failures), "test")
        yield f"Not counted: {tests} that failed before the migration."
    for left in verified.left_out:
        where = f" in {', '.join(left.paths)}" if left.paths else ""
        what = f" of {', '.join(left.symbols)}" if left.symbols else ""
        yield f"Left out: {left.rule}{what}{where}, since {left.reason}"
        if left.connected:
            shown = ", ".join(left.connected[:_MOST_SHOWN])
            more = len(left.connected) - _MOST_SHOWN
            yield f"  with what is connected: {shown}{f' and {more} more' if more > 0 else ''}"


def further(project: Project, migration: Migration) -> str:
    """The hint at --unsafe-fixes, "" where it would add nothing."""
    return _further(project.further(migration))


def counted(number: int, noun: str, nouns: str = "") -> str:
    """``1 file``, ``2 files``; ``nouns`` where an s is not enough."""
    return f"{number} {noun}" if number == 1 else f"{number} {nouns or noun + 's'}"


def _further(count: int) -> str:
    return f" {counted(count, 'further edit')} with --unsafe-fixes." if count else ""


def _treatments(findings: Sequence[Finding]) -> str:
    counts = {t: sum(f.treatment is t for f in findings) for t in Treatment}
    return ", ".join(f"{number} {treatment.value}" for treatment, number in counts.items())
