"""Git, called in one place and in one way: nothing of the repository's own runs.

Hooks, file system monitors, aliases and pagers are off, git asks nothing at the terminal, and
no forge's token is in the environment of any command that does not need it.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from codemods.errors import UserError
from codemods.sinks.hosts import SECRETS

# Without it, importing GitPython fails where there is no git.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import git
from git.exc import GitCommandError, GitCommandNotFound

#: Settings that the repository may not make.
_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.askPass": "",
    "diff.external": "",
    "log.showSignature": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "push.recurseSubmodules": "no",
    "push.gpgSign": "false",
    "i18n.commitEncoding": "utf-8",
}

#: Lines of git's that say what is wrong, or what to do: a shell's about a filter are among them.
_TELLING = re.compile(r"^(?:fatal:|error:|remote:|!|git config )|: not found$|: command not found$")

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
}

#: Variables that point git elsewhere, or that others need not see.
DROPPED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
    "GIT_TRACE",
    "GIT_TRACE_CURL",
    "GIT_CURL_VERBOSE",
    "GIT_TRACE_PACKET",
    *SECRETS,
)


class GitError(UserError):
    """A git command that failed, with what git said."""


class Git:
    """The repository that holds a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        hooks: bool = False,
    ) -> str:
        """Run a command and give its output without the last newline."""
        output = self.raw(*arguments, data=data, env=env, hooks=hooks)
        return os.fsdecode(output).removesuffix("\n")

    def raw(
        self,
        *arguments: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        hooks: bool = False,
    ) -> bytes:
        """Run a command and give its output as it is; ``data`` is its input.

        ``hooks`` is for commands that ask where hooks are, and run none.
        """
        command = ["git", "--no-pager"]
        for name, value in _SETTINGS.items():
            if not (hooks and name == "core.hooksPath"):
                command += ["-c", f"{name}={value}"]
        with tempfile.TemporaryFile() as stream, _without(DROPPED):
            stream.write(data or b"")
            stream.seek(0)
            try:
                _, output, _ = git.cmd.Git(str(self.root)).execute(
                    [*command, *arguments],
                    istream=stream,
                    with_extended_output=True,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    env=_ENVIRONMENT | dict(env or {}),
                )
            except GitCommandNotFound as error:
                raise GitError("git is not installed, or not on the PATH") from error
            except GitCommandError as error:
                raise GitError(_complaint(_command(arguments), str(error.stderr))) from None
        return output if isinstance(output, bytes) else os.fsencode(output)

    def succeeds(self, *arguments: str) -> bool:
        """Whether a command ends well."""
        try:
            self.raw(*arguments)
        except GitError:
            return False
        return True

    def lookup(self, *arguments: str) -> str:
        """The output of a command, "" where it fails."""
        try:
            return self.run(*arguments)
        except GitError:
            return ""

    def dirty_paths(self) -> tuple[str, ...]:
        """The tracked files that differ from the last commit.

        Filters that only the repository's own configuration defines do not run for that.
        """
        return self._status() + self._overlooked()

    def _status(self, *paths: str, env: Mapping[str, str] | None = None) -> tuple[str, ...]:
        output = self.raw(
            *self._without_filters(), "--literal-pathspecs",
            "status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=dirty",
            "--no-renames", "--", *paths, env=env,
        )  # fmt: skip
        return tuple(os.fsdecode(item[3:]) for item in output.split(b"\0") if item)

    def _overlooked(self) -> tuple[str, ...]:
        """Files that differ, where git was told not to look: they are somebody's work as well.

        ``git update-index --assume-unchanged`` and ``--skip-worktree`` are marks in the index, so
        an index of their own, which has no such marks, is asked for them.
        """
        listing = self.raw("ls-files", "-v", "-z").split(b"\0")
        told = [os.fsdecode(item[2:]) for item in listing if item[:1].islower() or item[:1] == b"S"]
        there = [path for path in told if os.path.lexists(self.root / path)]
        if not there or not self.succeeds("rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
            return ()
        with tempfile.TemporaryDirectory(prefix="looplift-index-") as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self.run("read-tree", "HEAD", env=env)
            return self._status(*there, env=env)

    def _without_filters(self) -> list[str]:
        names = {
            name.rpartition(".")[0]
            for name, _ in self._local_settings()
            if name.startswith("filter.")
        }
        settings = ("clean=", "smudge=", "process=", "required=false")
        return [
            word for name in sorted(names) for one in settings for word in ("-c", f"{name}.{one}")
        ]

    def normalized(self) -> frozenset[str]:
        """The files that git keeps with other line ends than the work tree has."""
        listing = self.raw("ls-files", "--eol", "-z").split(b"\0")
        fields = (item.partition(b"\t") for item in listing if item)
        kept = ((info.split()[:2], path) for info, _, path in fields)
        return frozenset(
            os.fsdecode(path)
            for (index, tree), path in kept
            if index == b"i/lf" and tree in (b"w/crlf", b"w/mixed")
        )

    def tracked(self, revision: str, paths: Iterable[str]) -> frozenset[str]:
        """Which of ``paths`` are in a commit."""
        listing = self.raw("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision)
        known = {os.fsdecode(name) for name in listing.split(b"\0")}
        return frozenset(path for path in paths if path in known)

    def local_settings(self) -> dict[str, str]:
        """What the repository's own configuration sets, with the files that it includes."""
        return {name.lower(): value for name, value in self._local_settings()}

    def _local_settings(self) -> Iterator[tuple[str, str]]:
        output = self.raw("config", "--list", "--show-scope", "--null")
        fields = [os.fsdecode(item) for item in output.split(b"\0")]
        pairs = zip(fields[::2], fields[1::2], strict=False)
        for scope, item in pairs:
            if scope in ("local", "worktree"):
                name, _, value = item.partition("\n")
                yield name, value


def is_repository(root: Path) -> bool:
    """Whether ``root`` is the top of a git work tree."""
    return (root / ".git").exists()


@contextlib.contextmanager
def _without(names: Iterable[str]) -> Iterator[None]:
    """GitPython adds to the environment of the process but cannot take anything out of it."""
    saved = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(saved)


def redacted(text: str) -> str:
    """A text of git's without the credentials that a URL in it may hold."""
    return re.sub(r"://[^/@\s]+@", "://", text)


def _command(arguments: Iterable[str]) -> str:
    """Which command of git's it is: the first word that is neither an option nor its value."""
    words = iter(arguments)
    for word in words:
        if word == "-c":
            next(words)
        elif not word.startswith("-"):
            return word
    return ""


def _complaint(command: str, stderr: str) -> str:
    text = redacted(stderr).strip().removeprefix("stderr:").strip().strip("'").strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    return f"git {command} failed: {'; '.join((telling or lines or ['no reason given'])[:4])}"
