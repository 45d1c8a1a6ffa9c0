"""A migration as a branch and a pull request: made, pushed and opened, or brought up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
from codemods.sinks.forge import Draft, Forge, PullRequest, Requests, planned
from codemods.sinks.git import Git, GitError, redacted
from codemods.sinks.hooks import Hooks

#: So much of a value is shown in a dry run.
_SHORT = 60


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
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()

    @property
    def request(self) -> Draft:
        """The request to open."""
        return Draft(self.branch, self.base, self.title, self.body, self.draft)


@dataclass(frozen=True)
class Way:
    """How it is delivered."""

    remote: str
    force: bool = False
    no_verify: bool = False
    #: The remote that gets the request, where that is another one.
    upstream: str | None = None


@dataclass(frozen=True)
class Delivered:
    """What was done: which commit the branch is at now, and where the request is.

    ``troubles`` are what could not be done beside it.
    """

    tip: str
    pushed: bool
    url: str
    opened: bool
    updated: bool
    troubles: tuple[str, ...] = ()


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
    git: Git, proposal: Proposal, access: Access, requests: Requests, way: Way
) -> Delivered:
    """Make the commits, push the branch, open or update the request.

    Neither the work tree nor the index is touched. Nothing is pushed where the branch holds these
    very changes already.
    """
    require_author(git)
    here = _Branch(git, proposal, way.remote, access.git_environment)
    base = here.require_base(way.upstream)
    theirs = here.fetch()
    trees = build_trees(git, proposal.start, proposal.commits)
    here.refuse_what_is_there(base, trees[-1], way)
    found = commits_between(git, proposal.start, theirs) if theirs else []
    hooks = Hooks(git, skipped=way.no_verify)
    if theirs and same_series(found, proposal.start, trees):
        tip, pushed = theirs, False
    else:
        here.refuse_strangers(found, force=way.force)
        tip = build_commits(git, proposal.start, proposal.commits, trees, hooks)
        hooks.push(way.remote, here.ref, tip, theirs)
        here.push(tip, theirs)
        pushed = True
    here.move(tip, force=way.force)
    done = _request(requests, proposal, tip, pushed=pushed)
    return replace(done, troubles=(*hooks.troubles, *done.troubles))


class _Branch:
    """The branch of a proposal, here and at the remote."""

    def __init__(
        self, git: Git, proposal: Proposal, remote: str, environment: Mapping[str, str]
    ) -> None:
        self._git = git
        self._branch = proposal.branch
        self._base = proposal.base
        self._start = proposal.start
        self.ref = f"refs/heads/{proposal.branch}"
        self._remote = remote
        self._environment = environment
        # Git hands the URL of a remote to a process of its own, with what it holds: a token that is
        # in a header already is not needed there.
        url = git.run("remote", "get-url", "--push", "--", remote)
        plain = redacted(url)
        self._where = plain if environment and plain != url else remote

    def require_base(self, upstream: str | None) -> str:
        """The base is there, and has the commit that is built on: the request brings no others.

        Its last commit.
        """
        goal = upstream or self._remote
        where = goal if upstream else self._where
        tip = self._refs(where, f"refs/heads/{self._base}").get(f"refs/heads/{self._base}")
        if tip is None:
            raise UserError(
                f"there is no branch `{self._base}` at `{goal}`; push it, or name the base of the "
                "request by --base"
            )
        if tip == self._start:
            return tip
        if not self._git.succeeds("cat-file", "-e", f"{tip}^{{commit}}"):
            self._fetch(where, self._base, goal)
        if more := commits_between(self._git, tip, self._start):
            others = f" and {len(more) - 1} more" if len(more) > 1 else ""
            raise UserError(
                f"`{self._base}` at `{goal}` does not have {more[0].sha[:10]} by {more[0].author} "
                f"({more[0].title}){others}, which the request would bring along; push it there "
                "first, or start from what is there"
            )
        return tip

    def refuse_what_is_there(self, base: str, tree: str, way: Way) -> None:
        """A request for what was merged already, in whatever way, would have nothing in it."""
        if base == self._start:
            return
        wanted = _differing(self._git, self._start, tree)
        if wanted.isdisjoint(_differing(self._git, base, tree)):
            raise UserError(
                f"`{self._base}` at `{way.upstream or self._remote}` has these changes already; "
                "pull them, then run again"
            )

    def fetch(self) -> str:
        """The commit of the branch at the remote, with its history; "" where there is none."""
        *above, _ = self._branch.split("/")
        parents = ["/".join(above[: end + 1]) for end in range(len(above))]
        near = [f"refs/heads/{name}" for name in parents]
        theirs = self._refs(self._where, self.ref, f"{self.ref}/*", *near)
        ours = self._git.lookup("for-each-ref", "--format=%(refname)", self.ref, *near).split("\n")
        for name in (*theirs, *ours):
            if name.startswith(f"{self.ref}/") or name in near:
                raise UserError(
                    f"the branch `{name.removeprefix('refs/heads/')}` leaves no room for one named "
                    f"`{self._branch}`; --branch takes another name"
                )
        return self._fetch(self._where, self._branch, self._remote) if self.ref in theirs else ""

    def _refs(self, where: str, *patterns: str) -> dict[str, str]:
        """The references of a remote that match, with their commits."""
        listing = self._git.run("ls-remote", where, *patterns, env=self._environment)
        rows = [line.split("\t") for line in listing.splitlines() if "\t" in line]
        return {row[1]: row[0] for row in rows}

    def _fetch(self, where: str, branch: str, remote: str) -> str:
        """Bring the history of a branch here; its commit."""
        ref = f"refs/remotes/{remote}/{branch}"
        self._git.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
            where, f"+refs/heads/{branch}:{ref}",
            env=self._environment,
        )  # fmt: skip
        return self._git.run("rev-parse", "--verify", ref)

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
                f"--force-with-lease={self.ref}:{expected}",
                self._where, f"{tip}:{self.ref}",
                env=self._environment,
            )  # fmt: skip
        except GitError as error:
            said = str(error)
            if "protected branch" in said.lower():
                raise UserError(
                    f"the branch `{self._branch}` at `{self._remote}` is protected; --branch takes "
                    f"another name ({said})"
                ) from error
            if re.search(r"\b403\b|denied", said):
                raise GitError(
                    f"{said}; to go by way of a fork, name its remote by --remote and this one by "
                    "--upstream"
                ) from error
            if "stale info" in said:
                raise UserError(
                    f"the branch `{self._branch}` at `{self._remote}` was changed by somebody "
                    "else meanwhile; run again"
                ) from error
            raise

    def move(self, tip: str, *, force: bool) -> None:
        """Let the local branch of that name follow, unless it is somebody's work."""
        git = self._git
        old = git.lookup("rev-parse", "--verify", "--quiet", f"{self.ref}^{{commit}}")
        if old == tip or checked_out_at(git, self._branch):
            return
        own = not old or all(commit.is_own for commit in commits_between(git, self._start, old))
        if own or force:
            git.run("update-ref", "-m", "looplift pr", self.ref, tip, old or "0" * len(tip))


def _differing(git: Git, old: str, new: str) -> frozenset[bytes]:
    """The files that differ between two commits or trees."""
    listing = git.raw("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)
    return frozenset(listing.split(b"\0")) - {b""}


def _request(requests: Requests, proposal: Proposal, tip: str, *, pushed: bool) -> Delivered:
    request, opened = requests.find(proposal.branch), False
    if request is None:
        request, opened = requests.create(proposal.request)
    if opened:
        troubles = tuple(_adorn(requests, request, proposal))
        return Delivered(tip, pushed, request.url, opened=True, updated=False, troubles=troubles)
    body = merged_body(request.body, proposal.body)
    same = body == request.body.replace("\r\n", "\n") and request.base == proposal.base
    if not same:
        request = requests.update(request, body=body, base=proposal.base)
    return Delivered(tip, pushed, request.url, opened=False, updated=not same)


def _adorn(requests: Requests, request: PullRequest, proposal: Proposal) -> Iterator[str]:
    """Label a new request and ask for reviews; what fails is said, and the request stays."""
    if proposal.labels and (why := requests.label(request, proposal.labels)):
        yield f"the request has no labels: {why}"
    if proposal.reviewers and (why := requests.ask(request, proposal.reviewers)):
        yield f"nobody was asked for a review: {why}"


def describe(proposal: Proposal, remote: str) -> list[str]:
    """What would be done, for a dry run."""
    lines = [f"Branch: {proposal.branch}", f"Base: {proposal.base}", f"Remote: {remote}"]
    lines += ["Commits:"] + [f"  {commit.title}" for commit in proposal.commits]
    for commit in proposal.commits:
        lines += ["", "-" * 72, *commit.message.rstrip("\n").split("\n")]
    kind = "Draft request" if proposal.draft else "Request"
    return [*lines, "", "-" * 72, f"{kind}: {proposal.title}", "", *proposal.body.split("\n")]


def steps(proposal: Proposal, remote: str, forge: Forge, api_url: str) -> list[str]:
    """Every command and call of a first run, for a dry run, without a token."""
    ref = f"refs/heads/{proposal.branch}"
    found = [
        f"git ls-remote {remote} {ref}",
        f"git push --force-with-lease {remote} <{len(proposal.commits)} commits>:{ref}",
    ]
    for call in planned(forge, proposal.request, proposal.labels, proposal.reviewers):
        data = ", ".join(f"{key}={_short(value)}" for key, value in (call.data or {}).items())
        found.append(f"{call.method} {call.url(api_url)}{f' {data}' if data else ''}")
    return found


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}..."
