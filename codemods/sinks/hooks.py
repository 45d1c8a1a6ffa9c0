"""The user's hooks for commits and pushes, run as git would, but without any token."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from codemods.errors import UserError
from codemods.sinks.git import DROPPED, Git, GitError, redacted

_SHOWN = 3
#: The hooks that may rewrite the message of a commit, and what git tells them beside its file.
_ABOUT_MESSAGES = {"prepare-commit-msg": ("message",), "commit-msg": ()}


class Hooks:
    """The hooks of a repository; none of them where they are to be skipped."""

    def __init__(self, git: Git, *, skipped: bool) -> None:
        self._git = git
        self._skipped = skipped
        #: What a hook did that is not taken.
        self.troubles: list[str] = []

    def commit(self, parent: str, tree: str, message: str) -> str:
        """Let the hooks of ``git commit`` look at a commit to be; the message to take.

        They run in a work tree of their own, where the commit is staged.
        """
        before = self._find("pre-commit")
        about = {name: self._find(name) for name in _ABOUT_MESSAGES}
        if before is None and not any(about.values()):
            return message
        title = message.split("\n", 1)[0]
        with self._staged(parent, tree) as folder:
            if before is not None:
                self._run(before, folder, title)
                if Git(folder).run("write-tree", "--missing-ok") != tree:
                    self.troubles.append(
                        f"the hook `pre-commit` rewrites files of `{title}`; the commit has them "
                        "as they were planned"
                    )
            file = folder.parent / "message"
            file.write_text(message, "utf-8")
            for name, more in _ABOUT_MESSAGES.items():
                if (hook := about[name]) is not None:
                    self._run(hook, folder, title, str(file), *more)
            return file.read_text("utf-8", "replace")

    def push(self, remote: str, ref: str, tip: str, old: str) -> None:
        """Let ``pre-push`` look at a push to be."""
        hook = self._find("pre-push")
        if hook is None:
            return
        url = redacted(self._git.run("remote", "get-url", "--push", "--", remote))
        line = f"{ref} {tip} {ref} {old or '0' * len(tip)}\n"
        self._run(hook, self._git.root, f"the push to {remote}", remote, url, data=line)

    def _find(self, name: str) -> Path | None:
        if self._skipped:
            return None
        place = self._git.run("rev-parse", "--git-path", f"hooks/{name}", hooks=True)
        path = self._git.root / place
        return path if path.is_file() and os.access(path, os.X_OK) else None

    def _run(self, hook: Path, folder: Path, what: str, *arguments: str, data: str = "") -> None:
        environment = {k: v for k, v in os.environ.items() if k not in DROPPED}
        command = [str(hook.absolute()), *arguments]
        try:
            try:
                done = _called(command, folder, environment, data)
            except OSError as error:
                if error.errno != errno.ENOEXEC:
                    raise
                # A script that names no interpreter is the shell's, as for git.
                done = _called(["sh", *command], folder, environment, data)
        except OSError as error:
            raise UserError(f"the hook `{hook.name}` cannot be run ({error.strerror})") from error
        if done.returncode:
            lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line]
            said = "; ".join(lines[-_SHOWN:]) or f"exit code {done.returncode}"
            raise UserError(
                f"the hook `{hook.name}` refuses {what} ({redacted(said)}); --no-verify skips it"
            )

    @contextmanager
    def _staged(self, parent: str, tree: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="looplift-hook-") as name:
            folder = Path(name).resolve() / self._git.root.name
            self._git.run("worktree", "add", "--quiet", "--detach", str(folder), parent)
            try:
                Git(folder).run("read-tree", "-m", "-u", tree)
                yield folder
            finally:
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        try:
            self._git.run("worktree", "remove", "--force", str(folder))
        except GitError:  # a work tree with submodules is not removed so
            self._git.lookup("worktree", "prune")


def _called(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], data: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=data.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def wants_signature(git: Git) -> bool:
    """Whether commits are to be signed. A program that only the repository names is not run."""
    if git.lookup("config", "--type=bool", "--get", "commit.gpgSign") != "true":
        return False
    for name in git.local_settings():
        if name.startswith("gpg.") and name.endswith("program"):
            raise UserError(
                f"the repository's own configuration sets `{name}`, a program that would sign "
                "the commits; set it in your own configuration or unset it"
            )
    return True


def require_whole(git: Git) -> None:
    """In a sparse checkout nobody knows who calls what: refuse it where modules are missing."""
    if git.lookup("config", "--type=bool", "--get", "core.sparseCheckout") != "true":
        return
    missing = [name for name in _absent(git) if name.endswith(".py")]
    if missing:
        raise UserError(
            f"{missing[0]} and {len(missing) - 1} more modules are not in this sparse checkout, "
            "so what calls the others is not known; run `git sparse-checkout disable` first"
            if len(missing) > 1
            else f"{missing[0]} is not in this sparse checkout, so what it calls is not known; "
            "run `git sparse-checkout disable` first"
        )


def _absent(git: Git) -> Sequence[str]:
    listing = git.raw("ls-files", "-t", "-z").split(b"\0")
    return [os.fsdecode(item[2:]) for item in listing if item.startswith(b"S ")]
