"""The user's own command, run over a copy of the code base: before the migration and after it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codemods.errors import UserError
from codemods.manifests import installation
from codemods.sinks.environments import PROGRAMS, Environments, NotInstalledError
from codemods.sinks.git import Git, is_repository, redacted
from codemods.sinks.hosts import SECRETS
from codemods.sinks.processes import call
from codemods.sinks.state import FOLDER, state_folder
from codemods.sinks.tracebacks import Place, places
from codemods.source import CodeBase
from codemods.source.codebase import SKIPPED_FOLDERS

#: Where the output of all commands of the last verification is kept.
LOG = "verify.log"
#: What the command finds the work tree itself by: the copy has no ignored files.
ORIGIN = "LOOPLIFT_ORIGIN"
#: What the user names the environment that looplift was started in.
CURRENT = Path("current")

#: A test that failed: in the summary of pytest, and as unittest has it.
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$|^(?:FAIL|ERROR): (\S.*)$", re.MULTILINE)
#: What the plugin of anyio adds to the name of a test that became async.
_ASYNC = re.compile(r"\[asyncio\]$|(?<=\[)asyncio-|-asyncio(?=\]$)")
#: How a shell ends where it finds no such program, or none that can be run.
_NOT_FOUND = (126, 127)
_COUNTS = re.compile(
    r"^(?:=+ )?(\d+ (?:passed|failed|errors?|skipped)\b.*?) in [\d.]+s", re.MULTILINE
)


@dataclass(frozen=True)
class _Place:
    """An environment (None: the current one), and folders in which modules are looked for."""

    environment: Path | None
    homes: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Run:
    """How the command ended; ``code`` is None where it took too long.

    ``failures`` are the tests that failed, and ``counts`` how many did what, where the output says
    so; ``places`` are the lines that it failed in. ``trouble`` is why the command could not even be
    started.
    """

    label: str
    code: int | None
    seconds: float
    failures: tuple[str, ...] = ()
    counts: str = ""
    trouble: str = ""
    places: tuple[Place, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it says that all is well."""
        return self.code == 0

    @property
    def missing(self) -> bool:
        """Whether the shell did not find what to run."""
        return self.code in _NOT_FOUND and not self.failures

    @property
    def telling(self) -> bool:
        """Whether another run can be compared with it: it passed, or tells which tests failed."""
        return self.passed or bool(self.failures)

    def as_good_as(self, before: Run) -> bool:
        """Whether nothing fails that did not fail ``before``."""
        known = bool(self.failures) and set(self.failures) <= set(before.failures)
        return self.passed or (known and self.code == before.code)

    @property
    def how(self) -> str:
        """How it ended, in words."""
        ended = "took too long" if self.code is None else f"exit code {self.code}"
        return self.trouble or (f"{ended}, {self.counts}" if self.counts else ended)

    def __str__(self) -> str:
        return f"{self.label}: {self.how} ({self.seconds:.1f} s)"


class Verifier:
    """Runs a command over states of a code base, each in a fresh copy of the work tree.

    It runs in ``environment`` (``CURRENT``: the one that looplift was started in); where that is
    None, in one that is made from the manifests of the modules ``near``, as each state has them.
    """

    def __init__(
        self,
        root: Path,
        command: str,
        environment: Path | None,
        timeout: float,
        near: Sequence[str] = (),
    ) -> None:
        folder = state_folder(root)
        if folder is None:
            raise UserError(f"no folder .looplift_cache can be made in {root}")
        self.command = command
        self.log = folder / LOG
        self._root = root
        self._named = _named(environment)
        self._near = tuple(near) if environment is None else ()
        self._timeout = timeout
        self._sources: tuple[str, ...] = ()
        self._environments = Environments(self.log, timeout, command)
        self.log.write_bytes(b"")

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        self._environments.close()

    @property
    def where(self) -> str:
        """The environment, in words."""
        if self._named is not None:
            return str(self._named)
        if self._near:
            return f"made from {', '.join(self._sources)} by {self._environments.installer}"
        return "the current one"

    def last_said(self) -> str:
        """The last line that a command printed."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        said = [line.strip() for line in lines if line.strip() and not line.startswith("====")]
        return redacted(said[-1]) if said else "nothing was printed"

    def run(self, label: str, before: CodeBase, state: CodeBase) -> Run:
        """Run the command over ``state``, which was made of ``before``, the files on disk.

        Raises ``UserError`` where the environment of ``before`` itself can't be made.
        """
        with self._copy() as folder:
            for path, file in state.files.items():
                if before.files.get(path) is not file:
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_bytes(file.to_bytes())
            try:
                place = self._place(state, folder)
            except NotInstalledError as error:
                if state is before:
                    raise UserError(
                        f"{error} (--verify-env names an environment; the output is in "
                        f"{FOLDER}/{LOG})"
                    ) from error
                return Run(label, None, 0.0, trouble=str(error))
            return self._judged(label, folder, place)

    def _place(self, state: CodeBase, folder: Path) -> _Place:
        """The environment for a state, and the folders in which its modules are."""
        wanted = installation(state, self._near)
        self._sources = wanted.sources
        if not wanted:
            return _Place(self._named)
        made = self._environments.made(wanted, folder)
        self._environments.add_projects(made, wanted, folder)
        homes = dict.fromkeys(folder / source for source in wanted.sources)
        return _Place(made, tuple(source.parent for source in homes))

    def _judged(self, label: str, folder: Path, place: _Place) -> Run:
        start, size = time.monotonic(), self.log.stat().st_size
        with self.log.open("ab") as log:
            log.write(f"==== {label}: {self.command}\n".encode("utf-8", "replace"))
            log.flush()
            environment = self._variables(folder, place)
            inside = self._inside(folder)
            code = call(self.command, inside, environment, log.fileno(), self._timeout)
        with self.log.open("rb") as log:
            log.seek(size)
            said = log.read().decode("utf-8", "replace")
        where = () if code == 0 else places(said, folder, inside)
        run = Run(label, code, time.monotonic() - start, failures(said), counts(said), places=where)
        with self.log.open("ab") as log:
            log.write(f"\n==== {run}\n\n".encode())
        return run

    def _inside(self, folder: Path) -> Path:
        """The place in the copy that is the working directory in the original."""
        with contextlib.suppress(ValueError):
            inside = folder / Path.cwd().relative_to(self._root)
            if inside.is_dir():
                return inside
        return folder

    def _variables(self, folder: Path, place: _Place) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if k not in SECRETS}
        # An editable install would lead back to the original: the copy comes first.
        inside = self._inside(folder)
        homes = [inside, folder, *place.homes]
        places = dict.fromkeys(one for home in homes for one in (home, home / "src"))
        paths = [str(one) for one in places if one.is_dir()]
        for entry in filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)):
            with contextlib.suppress(ValueError):
                paths.append(str(folder / Path(entry).absolute().relative_to(self._root)))
            paths.append(entry)
        environment |= {"PYTHONPATH": os.pathsep.join(paths), ORIGIN: str(self._root)}
        if place.environment is not None:
            environment.pop("PYTHONHOME", None)
            programs = place.environment / PROGRAMS
            environment["VIRTUAL_ENV"] = str(place.environment)
            environment["PATH"] = f"{programs}{os.pathsep}{environment.get('PATH', '')}"
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


def _named(environment: Path | None) -> Path | None:
    """The environment that the user named; None for the current one."""
    if environment is None or environment == CURRENT:
        return None
    if not (environment / PROGRAMS).is_dir():
        raise UserError(f"{environment}: is not a virtual environment")
    return environment.absolute()


def failures(said: str) -> tuple[str, ...]:
    """The tests that failed, as the output of pytest or unittest names them."""
    found = {match[1] or match[2] for match in _FAILED.finditer(said)}
    return tuple(sorted({_ASYNC.sub("", name.strip()) for name in found}))


def counts(said: str) -> str:
    """The last line of pytest, without the time that it took."""
    found = _COUNTS.findall(said)
    return str(found[-1]).strip() if found else ""


_IGNORED = SKIPPED_FOLDERS - {"site-packages", "node_modules"}
