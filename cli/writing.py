"""The command ``apply``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.settings import Settings
from cli.summary import apply_summary, verify_summary
from cli.verifying import Verification, log_of, verified_by
from codemods.sinks import report

if TYPE_CHECKING:
    from codemods.project import Project


def apply(settings: Settings, wanted: Verification, *, allow_dirty: bool) -> int:
    """Write the migration onto the disk and say what was done."""
    from codemods.patches import make_patch
    from codemods.patches.story import chapters
    from codemods.sinks import files

    project, terminal = settings.open()
    if done := files.recover(project.codebase.root):
        terminal.warn(f"looplift: {done}")
        project, terminal = settings.open()
    for warning in project.selection.warnings:
        terminal.warn(f"warning: {warning}")
    _refuse_parts(project)
    migration = project.migrate()
    if migration.changed and not allow_dirty:
        _refuse_dirty(project)
    verified = verified_by(wanted, project, migration)
    if verified is not None:
        migration = verified.migration
    # What is wrong with a patch is found before anything is written.
    patch = make_patch(migration.before, migration.after)
    story = chapters(migration, project.visible)
    written = files.apply(migration.before, migration.after)
    terminal.errors(migration.errors)
    if settings.json:
        data: dict[str, Any] = {
            "files": report.files(patch),
            "passes": [report.chapter(item) for item in story],
            "errors": report.errors(migration.errors),
        }
        if verified is not None:
            data["verify"] = verified.results() | {"output": log_of()}
        terminal.print(report.dump(data))
    elif not settings.quiet:
        terminal.chapters(story)
        if written.paths:
            terminal.files(written.paths, written.created)
        terminal.print(apply_summary(project, migration, patch, story), "bold")
    if verified is not None and not settings.json:
        for line in verify_summary(verified, terminal.path(log_of())):
            terminal.note(line)
    return 0


def _refuse_parts(project: Project) -> None:
    from codemods.sinks.git import Git, is_repository
    from codemods.sinks.hooks import require_whole

    if is_repository(project.codebase.root):
        require_whole(Git(project.codebase.root))


def _refuse_dirty(project: Project) -> None:
    from codemods.errors import UserError
    from codemods.sinks.git import Git, is_repository

    root = project.codebase.root
    if not is_repository(root):
        return
    if dirty := Git(root).dirty_paths():
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        raise UserError(
            f"{dirty[0]}{more} has uncommitted changes; commit or stash them, or pass --allow-dirty"
        )
