"""The command ``pr``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cli.settings import Settings
from cli.summary import counted, verify_summary
from cli.verifying import Verification, log_of, verified_by
from codemods.errors import UserError
from codemods.findings import Treatment
from codemods.sinks import report

if TYPE_CHECKING:
    from codemods.patches.story import Chapter
    from codemods.pipeline import Migration
    from codemods.project import Project
    from codemods.sinks.access import Access
    from codemods.sinks.access import Wanted as At
    from codemods.sinks.branch import Commit
    from codemods.sinks.git import Git
    from codemods.sinks.pullrequest import Delivered, Proposal, Way
    from codemods.sinks.terminal import Terminal
    from codemods.verified import Verified


@dataclass(frozen=True)
class Wanted:
    """The options of the command."""

    branch: str
    base: str | None
    at: At
    draft: bool | None
    labels: tuple[str, ...]
    reviewers: bool
    way: Way
    verification: Verification
    split: str | None = None


def pr(settings: Settings, wanted: Wanted, *, dry_run: bool) -> int:
    """Push a branch and open the request, or bring both up to date."""
    from codemods.sinks.access import find_access
    from codemods.sinks.git import Git, is_repository
    from codemods.sinks.hooks import require_whole

    project, terminal = settings.open()
    if not is_repository(project.codebase.root):
        raise UserError(f"{project.codebase.root}: is not a git repository")
    git = Git(project.codebase.root)
    git.run("rev-parse", "--git-dir")  # git says why, where it does not trust the repository
    require_whole(git)
    # What would be refused is refused before the work begins.
    access = None if dry_run else find_access(git, wanted.at, os.environ)
    for warning in project.selection.warnings:
        terminal.warn(f"warning: {warning}")
    proposal, migration, verified = _proposal(project, git, wanted)
    terminal.errors(migration.errors)
    for line in verify_summary(verified, terminal.path(log_of())) if verified else ():
        terminal.note(line)
    if not proposal.commits:
        terminal.print(
            report.dump({"pushed": False, "url": None}) if settings.json else "Nothing to change."
        )
        return 0
    if access is None:
        _show(settings, terminal, proposal, git, wanted)
        return 0
    done = _delivered(git, proposal, access, wanted)
    for trouble in done.troubles:
        terminal.warn(f"warning: {trouble}")
    terminal.print(report.dump(_done(proposal, done)) if settings.json else _said(proposal, done))
    return 0


def _delivered(git: Git, proposal: Proposal, access: Access, wanted: Wanted) -> Delivered:
    """Deliver it; whatever goes wrong is said without the token."""
    from codemods.sinks.calls import Client
    from codemods.sinks.forge import Requests
    from codemods.sinks.forges import forge_of
    from codemods.sinks.pullrequest import deliver

    forge = forge_of(access.target.kind, access.target.place)
    headers = forge.headers(access.user, access.token)
    client = Client(access.api_url, str(access.target.place), headers)
    try:
        return deliver(git, proposal, access, Requests(forge, client), wanted.way)
    except UserError as error:
        raise UserError(access.scrubbed(str(error))) from None


def _show(
    settings: Settings, terminal: Terminal, proposal: Proposal, git: Git, wanted: Wanted
) -> None:
    """Print what would be done: every commit, step and request."""
    from codemods.sinks.access import find_target
    from codemods.sinks.forges import forge_of
    from codemods.sinks.pullrequest import describe, steps

    try:
        target = find_target(git, wanted.at, os.environ)
        forge = forge_of(target.kind, target.place)
        planned = steps(proposal, wanted.way.remote, forge, target.api_url)
    except UserError as error:
        planned = [f"none can be named yet: {error}"]
    if settings.json:
        terminal.print(report.dump(_dry(proposal) | {"steps": planned}))
        return
    lines = [*describe(proposal, wanted.way.remote), "", "-" * 72, "Steps:"]
    terminal.print("\n".join([*lines, *(f"  {step}" for step in planned)]))


def _proposal(
    project: Project, git: Git, wanted: Wanted
) -> tuple[Proposal, Migration, Verified | None]:
    from codemods.owners import find_owners, owners_of
    from codemods.patches.messages import body, title
    from codemods.patches.story import chapters
    from codemods.sinks.pullrequest import Proposal, find_target, require_clean
    from codemods.split import Split, split

    target = find_target(git, wanted.branch, wanted.base)
    migration = project.migrate()
    read = [path for path in migration.changed if path in migration.before]
    require_clean(git, read)
    verified = verified_by(wanted.verification, project, migration)
    if verified is not None:
        migration = verified.migration
        project = replace(project, options=replace(project.options, held=verified.held))
    story = chapters(migration, project.visible)
    changing = [chapter for chapter in story if chapter.patch]
    others = [chapter for chapter in story if not chapter.patch]
    if wanted.split is not None:
        changing = list(split(project, changing, Split(wanted.split)))
    left = any(chapter.treated(Treatment.LEFT) for chapter in story)
    left = left or (verified is not None and bool(verified.left_out))
    owners = find_owners(project.codebase)
    proposal = Proposal(
        target.start,
        target.branch,
        target.base,
        tuple(_commit(chapter) for chapter in changing),
        title(changing),
        body(changing, others, verified.section() if verified else ""),
        left if wanted.draft is None else wanted.draft,
        wanted.labels,
        owners_of(owners, migration.changed) if wanted.reviewers else (),
    )
    return proposal, migration, verified


def _commit(chapter: Chapter) -> Commit:
    from codemods.patches.messages import commit_message
    from codemods.sinks.branch import Commit

    files = {path: chapter.run.after[path].to_bytes() for path in chapter.run.changed}
    return Commit(chapter.rule.name, commit_message(chapter), files)


def _dry(proposal: Proposal) -> dict[str, object]:
    return {
        "branch": proposal.branch,
        "base": proposal.base,
        "commits": [commit.message for commit in proposal.commits],
        "title": proposal.title,
        "body": proposal.body,
        "draft": proposal.draft,
        "labels": proposal.labels,
        "reviewers": proposal.reviewers,
    }


def _done(proposal: Proposal, done: Delivered) -> dict[str, object]:
    return {
        "branch": proposal.branch,
        "commit": done.tip,
        "pushed": done.pushed,
        "url": done.url,
        "opened": done.opened,
        "updated": done.updated,
        "troubles": done.troubles,
    }


def _said(proposal: Proposal, done: Delivered) -> str:
    if not (done.pushed or done.opened or done.updated):
        return f"{proposal.branch} is up to date: {done.url}"
    parts = []
    if done.pushed:
        parts.append(f"Pushed {counted(len(proposal.commits), 'commit')} to {proposal.branch}")
    if done.opened:
        parts.append("opened the pull request")
    elif done.updated or done.pushed:
        parts.append("updated the pull request")
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}: {done.url}"
