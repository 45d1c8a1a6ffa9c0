"""A series of commits on a branch, made without touching work tree, index or current branch."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codemods.errors import UserError
from codemods.sinks.git import Git, GitError
from codemods.sinks.hooks import Hooks, wants_signature

#: The trailer by which looplift knows its own commits: the pass and the tree of the commit.
TRAILER = "Looplift"


@dataclass(frozen=True)
class Commit:
    """A commit to make: the pass it comes from, its message and the files that it changes."""

    rule: str
    message: str
    files: Mapping[str, bytes]

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]


@dataclass(frozen=True)
class Found:
    """A commit that is there."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    title: str
    trailer: str

    @property
    def is_own(self) -> bool:
        """Whether looplift made it, and nobody changed it since."""
        return len(self.parents) == 1 and self.trailer.split(" ")[-1] == self.tree


def build_trees(git: Git, base: str, commits: Sequence[Commit]) -> list[str]:
    """Write the files of ``commits`` and their trees into git's objects.

    They go through a folder and an index of their own, so that git's filters and line ends apply
    as in ``git add``, with the modes that the files have in ``base``.
    """
    folder = git.run("rev-parse", "--absolute-git-dir")
    with tempfile.TemporaryDirectory(prefix="looplift-") as name:
        tree = Path(name) / "tree"
        tree.mkdir()
        env = {
            "GIT_DIR": folder,
            "GIT_WORK_TREE": str(tree),
            "GIT_INDEX_FILE": str(Path(name) / "index"),
        }
        git.run("read-tree", base, env=env)
        return [_tree(git, tree, commit.files, env) for commit in commits]


def _tree(git: Git, folder: Path, files: Mapping[str, bytes], env: Mapping[str, str]) -> str:
    for path, data in files.items():
        location = folder / path
        location.parent.mkdir(parents=True, exist_ok=True)
        location.write_bytes(data)
    names = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in files)
    git.run(
        "-c", "core.fileMode=false", "-c", "core.bare=false",
        "update-index", "--add", "-z", "--stdin",
        data=names, env=env,
    )  # fmt: skip
    # A partial clone has not all that is in the tree; what is not there was not changed.
    return git.run("write-tree", "--missing-ok", env=env)


def build_commits(
    git: Git, base: str, commits: Sequence[Commit], trees: Sequence[str], hooks: Hooks
) -> str:
    """Put the commits one upon the other on ``base``; the name of the last one.

    They are signed where the user's configuration says so.
    """
    signed = ("-S",) if wants_signature(git) else ()
    parent = base
    for commit, tree in zip(commits, trees, strict=True):
        message = f"{commit.message.rstrip()}\n\n{TRAILER}: {commit.rule} {tree}\n"
        data = hooks.commit(parent, tree, message).encode()
        parent = git.run("commit-tree", *signed, tree, "-p", parent, "-F", "-", data=data)
    return parent


def require_author(git: Git) -> None:
    """Commits need a name and an address."""
    try:
        git.run("var", "GIT_AUTHOR_IDENT")
        git.run("var", "GIT_COMMITTER_IDENT")
    except GitError as error:
        raise UserError("git knows no author: set user.name and user.email with git config") from (
            error
        )


def commits_between(git: Git, base: str, tip: str) -> list[Found]:
    """The commits that ``tip`` has and ``base`` has not, the oldest first."""
    fields = f"%H%x00%T%x00%P%x00%an%x00%s%x00%(trailers:key={TRAILER},valueonly,separator=%x20)"
    output = git.run("log", "--reverse", "--topo-order", f"--format={fields}%x01", f"{base}..{tip}")
    found = []
    for record in output.split("\x01"):
        if record.strip():
            sha, tree, parents, author, title, trailer = record.strip("\n").split("\0")
            found.append(Found(sha, tree, tuple(parents.split()), author, title, trailer.strip()))
    return found


def same_series(found: Sequence[Found], base: str, trees: Sequence[str]) -> bool:
    """Whether the commits of a branch are, tree by tree, those that would be made."""
    parents = [base, *(commit.sha for commit in found)]
    return (
        len(found) == len(trees)
        and all(commit.parents == (parent,) for commit, parent in zip(found, parents, strict=False))
        and all(commit.tree == tree for commit, tree in zip(found, trees, strict=True))
    )


def checked_out_at(git: Git, branch: str) -> str:
    """The work tree in which ``branch`` is checked out, "" for none."""
    folder = ""
    for line in git.run("worktree", "list", "--porcelain").splitlines():
        key, _, value = line.partition(" ")
        if key == "worktree":
            folder = value
        elif (key, value) == ("branch", f"refs/heads/{branch}"):
            return folder
    return ""
