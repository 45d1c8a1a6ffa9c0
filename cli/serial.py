"""The option ``diff --series``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.settings import Settings
from cli.summary import counted, further
from codemods.errors import UserError
from codemods.sinks import report

if TYPE_CHECKING:
    from codemods.pipeline import Migration
    from codemods.sinks.git import Git


def series(settings: Settings, folder: Path, how: str | None) -> int:
    """Write a patch for each pass (or part of one) that changes something; 1 if there is one."""
    from codemods.patches.messages import subject
    from codemods.patches.story import chapters
    from codemods.sinks.git import Git
    from codemods.sinks.series import Written, write_series
    from codemods.split import Split, split

    project, terminal = settings.open()
    for warning in project.selection.warnings:
        terminal.warn(f"warning: {warning}")
    migration = project.migrate()
    terminal.errors(migration.errors)
    git = Git(project.codebase.root)
    story = [chapter for chapter in chapters(migration, project.visible) if chapter.patch]
    if how is not None:
        story = list(split(project, story, Split(how)))
    if problem := _problem(git, migration):
        terminal.warn(f"warning: {problem}; `git am` will refuse the series until then")
    written = write_series(git, folder, story) if story else Written((), ())
    if written.others:
        more = ", ".join(written.others)
        terminal.warn(f"warning: {folder} holds other patches, which stay: {more}")
    if settings.json:
        patches = [
            {
                "path": str(path),
                "rule": chapter.rule.name,
                "subject": subject(chapter),
                "part": chapter.part,
                "files": report.files(chapter.patch),
            }
            for path, chapter in zip(written.paths, story, strict=True)
        ]
        terminal.print(report.dump({"patches": patches, "errors": report.errors(migration.errors)}))
    else:
        for path in written.paths:
            terminal.print(str(path))
    if not settings.quiet:
        said = (
            f"Wrote {counted(len(story), 'patch', 'patches')}." if story else "Nothing to change."
        )
        terminal.note(f"{said}{further(project, migration)}", "bold")
    return 1 if story else 0


def _problem(git: Git, migration: Migration) -> str:
    """Why the series does not fit the last commit, "" where it does."""
    from codemods.sinks.git import is_repository
    from codemods.sinks.pullrequest import require_clean

    if not is_repository(git.root) or not git.succeeds("rev-parse", "--verify", "HEAD"):
        return ""
    try:
        require_clean(git, [path for path in migration.changed if path in migration.before])
    except UserError as error:
        return str(error)
    return ""
