"""The user's own command, run over a copy of the code base: before the migration and after it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codemods.errors import UserError
from codemods.sinks.git import Git, is_repository
from codemods.sinks.hosts import SECRETS
from codemods.sinks.state import state_folder
from codemods.source import CodeBase
from codemods.source.codebase import SKIPPED_FOLDERS

#: Where the output of all commands of the last verification is kept.
LOG = "verify.log"
#: What the command finds the work tree itself by: the copy has no ignored files.
ORIGIN = "LOOPLIFT_ORIGIN"


@dataclass(frozen=True)
class Run:
    """How the command ended; ``code`` is None where it took too long."""

    label: str
    code: int | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it says that all is well."""
        return self.code == 0

    @property
    def how(self) -> str:
        """How it ended, in words."""
        return "took too long" if self.code is None else f"exit code {self.code}"

    def __str__(self) -> str:
        return f"{self.label}: {self.how} ({self.seconds:.1f} s)"


class Verifier:
    """Runs a command over states of a code base, each in a fresh copy of the work tree."""

    def __init__(self, root: Path, command: str, environment: Path | None, timeout: float) -> None:
        folder = state_folder(root)
        if folder is None:
            raise UserError(f"no folder .looplift_cache can be made in {root}")
        programs = environment / ("Scripts" if os.name == "nt" else "bin") if environment else None
        if programs is not None and not programs.is_dir():
            raise UserError(f"{environment}: is not a virtual environment")
        self.command = command
        self.log = folder / LOG
        self._root = root
        self._programs = programs.absolute() if programs else None
        self._timeout = timeout
        self.log.write_bytes(b"")

    def run(self, label: str, before: CodeBase, state: CodeBase) -> Run:
        """Run the command over ``state``, which was made of ``before``, the files on disk."""
        with self._copy() as folder:
            for path, file in state.files.items():
                if before.files.get(path) is not file:
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_bytes(file.to_bytes())
            start = time.monotonic()
            with self.log.open("ab") as log:
                log.write(f"==== {label}: {self.command}\n".encode("utf-8", "replace"))
                log.flush()
                code = self._call(folder, log.fileno())
                run = Run(label, code, time.monotonic() - start)
                log.write(f"\n==== {run}\n\n".encode())
        return run

    def _call(self, folder: Path, output: int) -> int | None:
        with subprocess.Popen(  # noqa: S602 - it is the user's own command line
            self.command,
            shell=True,
            cwd=self._inside(folder),
            env=self._environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process:
            try:
                return process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                return None
            finally:
                # Whatever the command started and left behind ends with it.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _inside(self, folder: Path) -> Path:
        """The place in the copy that is the working directory in the original."""
        with contextlib.suppress(ValueError):
            inside = folder / Path.cwd().relative_to(self._root)
            if inside.is_dir():
                return inside
        return folder

    def _environment(self, folder: Path) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if k not in SECRETS}
        # An editable install would lead back to the original: the copy comes first.
        inside = self._inside(folder)
        places = dict.fromkeys([inside, inside / "src", folder, folder / "src"])
        paths = [str(place) for place in places if place.is_dir()]
        for entry in filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)):
            with contextlib.suppress(ValueError):
                paths.append(str(folder / Path(entry).absolute().relative_to(self._root)))
            paths.append(entry)
        environment |= {"PYTHONPATH": os.pathsep.join(paths), ORIGIN: str(self._root)}
        if self._programs is not None:
            environment.pop("PYTHONHOME", None)
            environment["VIRTUAL_ENV"] = str(self._programs.parent)
            environment["PATH"] = f"{self._programs}{os.pathsep}{environment.get('PATH', '')}"
        return environment

    @contextlib.contextmanager
    def _copy(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="looplift-verify-") as name:
            folder = Path(name).resolve() / self._root.name
            git = Git(self._root)
            if not is_repository(self._root):
                shutil.copytree(
                    self._root, folder, symlinks=True, ignore=shutil.ignore_patterns(*_IGNORED)
                )
                yield folder
                return
            worktree = git.succeeds("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
            if worktree:
                git.run("worktree", "add", "--quiet", "--detach", "--no-checkout", str(folder))
                Git(folder).run("reset", "--quiet")
            try:
                self._copy_files(git, folder)
                yield folder
            finally:
                if worktree:
                    git.run("worktree", "remove", "--force", str(folder))

    def _copy_files(self, git: Git, folder: Path) -> None:
        listing = git.raw("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for path in {os.fsdecode(name) for name in listing.split(b"\0") if name}:
            source, target = self._root / path, folder / path
            if not os.path.lexists(source):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir() and not source.is_symlink():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target, follow_symlinks=False)


_IGNORED = SKIPPED_FOLDERS - {"site-packages", "node_modules"}
