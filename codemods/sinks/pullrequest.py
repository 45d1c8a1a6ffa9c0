"""A migration as a branch and a pull request: made, pushed and opened, or brought up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codemods.errors import UserError
from codemods.patches.messages import merged_body
from codemods.sinks.access import Access
from codemods.sinks.branch import (
    Commit,
    Found,
    build_commits,
    build_trees,
    checked_out_at,
    commits_between,
    require_author,
    same_series,
)
from codemods.sinks.forge import Forge
from codemods.sinks.git import Git, GitError


@dataclass(frozen=True)
class Proposal:
    """What is proposed: the commits on ``start`` and the request from ``branch`` to ``base``."""

    start: str
    branch: str
    base: str
    commits: tuple[Commit, ...]
    title: str
    body: str
    draft: bool = False


@dataclass(frozen=True)
class Delivered:
    """What was done: which commit the branch is at now, and where the request is."""

    tip: str
    pushed: bool
    url: str
    opened: bool
    updated: bool


@dataclass(frozen=True)
class Target:
    """Where the request goes: the base, the branch, and the commit to build on."""

    start: str
    branch: str
    base: str


def find_target(git: Git, branch: str, base: str | None) -> Target:
    """The base (the current branch where none is named) and the current commit."""
    for name in (branch, base):
        if name and not git.succeeds("check-ref-format", "--branch", name):
            raise UserError(f"`{name}` is not a name for a branch")
    start = git.lookup("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not start:
        raise UserError("the repository has no commit yet")
    current = git.lookup("symbolic-ref", "--quiet", "--short", "HEAD")
    if current == branch:
        raise UserError(
            f"the checkout is on `{branch}` itself; switch to the branch that the request goes to"
        )
    if not (base or current):
        raise UserError("no branch is checked out; name the base of the request by --base")
    return Target(start, branch, base or current)


def require_clean(git: Git, changed: Sequence[str]) -> None:
    """The commits are built on the last commit, so that has to be what was read."""
    if dirty := git.dirty_paths():
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        raise UserError(f"{dirty[0]}{more} has uncommitted changes; commit or stash them")
    known = git.tracked("HEAD", changed)
    if unknown := [path for path in changed if path not in known]:
        raise UserError(
            f"{unknown[0]} would be changed but is not in git; add and commit it, or --exclude it"
        )


def deliver(
    git: Git, proposal: Proposal, access: Access, forge: Forge, remote: str, *, force: bool
) -> Delivered:
    """Make the commits, push the branch, open or update the request.

    Neither the work tree nor the index is touched. Nothing is pushed where the branch holds these
    very changes already.
    """
    require_author(git)
    here = _Branch(git, proposal, remote, access.git_environment)
    theirs = here.fetch()
    trees = build_trees(git, proposal.start, proposal.commits)
    found = commits_between(git, proposal.start, theirs) if theirs else []
    if theirs and same_series(found, proposal.start, trees):
        tip, pushed = theirs, False
    else:
        here.refuse_strangers(found, force=force)
        tip, pushed = build_commits(git, proposal.start, proposal.commits, trees), True
        here.push(tip, theirs)
    here.move(tip, force=force)
    return _request(forge, proposal, tip, pushed=pushed)


class _Branch:
    """The branch of a proposal, here and at the remote."""

    def __init__(
        self, git: Git, proposal: Proposal, remote: str, environment: Mapping[str, str]
    ) -> None:
        self._git = git
        self._branch = proposal.branch
        self._start = proposal.start
        self._ref = f"refs/heads/{proposal.branch}"
        self._remote = remote
        self._environment = environment

    def fetch(self) -> str:
        """The commit of the branch at the remote, with its history; "" where there is none."""
        listing = self._git.run("ls-remote", self._remote, self._ref, env=self._environment)
        commits = [line.split("\t")[0] for line in listing.splitlines() if "\t" in line]
        if not commits:
            return ""
        self._git.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
            self._remote, f"+{self._ref}:refs/remotes/{self._remote}/{self._branch}",
            env=self._environment,
        )  # fmt: skip
        return self._git.run("rev-parse", "--verify", f"refs/remotes/{self._remote}/{self._branch}")

    def refuse_strangers(self, found: Sequence[Found], *, force: bool) -> None:
        """Other people's commits on the branch are not thrown away."""
        strangers = [commit for commit in found if not commit.is_own]
        if strangers and not force:
            first = strangers[0]
            raise UserError(
                f"the branch `{self._branch}` at `{self._remote}` has commits that looplift did "
                f"not make ({first.sha[:10]} by {first.author}: {first.title}); --force "
                "overwrites them, --branch takes another name"
            )

    def push(self, tip: str, expected: str) -> None:
        """Push, if the branch at the remote is still as it was seen."""
        try:
            self._git.run(
                "push", "--quiet", "--no-verify",
                f"--force-with-lease={self._ref}:{expected}",
                self._remote, f"{tip}:{self._ref}",
                env=self._environment,
            )  # fmt: skip
        except GitError as error:
            if "stale info" in str(error):
                raise UserError(
                    f"the branch `{self._branch}` at `{self._remote}` was changed by somebody "
                    "else meanwhile; run again"
                ) from error
            raise

    def move(self, tip: str, *, force: bool) -> None:
        """Let the local branch of that name follow, unless it is somebody's work."""
        git = self._git
        old = git.lookup("rev-parse", "--verify", "--quiet", f"{self._ref}^{{commit}}")
        if old == tip or checked_out_at(git, self._branch):
            return
        own = not old or all(commit.is_own for commit in commits_between(git, self._start, old))
        if own or force:
            git.run("update-ref", "-m", "looplift pr", self._ref, tip, old or "0" * len(tip))


def _request(forge: Forge, proposal: Proposal, tip: str, *, pushed: bool) -> Delivered:
    request = forge.find(proposal.branch)
    if request is None:
        made = forge.create(
            proposal.branch, proposal.base, proposal.title, proposal.body, draft=proposal.draft
        )
        return Delivered(tip, pushed, made.url, opened=True, updated=False)
    body = merged_body(request.body, proposal.body)
    same = body == request.body.replace("\r\n", "\n") and request.base == proposal.base
    if not same:
        request = forge.update(request, body=body, base=proposal.base)
    return Delivered(tip, pushed, request.url, opened=False, updated=not same)


def describe(proposal: Proposal, remote: str) -> list[str]:
    """What would be done, for a dry run."""
    lines = [f"Branch: {proposal.branch}", f"Base: {proposal.base}", f"Remote: {remote}"]
    lines += ["Commits:"] + [f"  {commit.title}" for commit in proposal.commits]
    for commit in proposal.commits:
        lines += ["", "-" * 72, *commit.message.rstrip("\n").split("\n")]
    kind = "Draft request" if proposal.draft else "Request"
    return [*lines, "", "-" * 72, f"{kind}: {proposal.title}", "", *proposal.body.split("\n")]
