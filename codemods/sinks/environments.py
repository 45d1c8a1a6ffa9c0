"""Virtual environments made from what an application declares, by uv or by venv and pip."""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from packaging.specifiers import SpecifierSet

from codemods.errors import UserError
from codemods.manifests import Installation
from codemods.sinks.git import redacted
from codemods.sinks.hosts import SECRETS
from codemods.sinks.processes import call

#: Where an environment has its programs.
PROGRAMS = "Scripts" if os.name == "nt" else "bin"
#: Variables that lead a program into another environment.
_LEADING = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__")
#: Runners of test suites that many have installed, but do not declare.
_RUNNERS = ("pytest",)
_PYTHONS = ("python3", "python", *(f"python3.{minor}" for minor in range(14, 7, -1)))
_VERSION = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
_COMPLAINT = re.compile(r"(?:ERROR|error): *(.+)|\s*[\u00d7\u2570][\u2500\u25b6]* *(.+)")
#: Where pip unpacks what it has to build; its own complaint does not name it.
_BUILT = re.compile(r"pip-install-\w+[/\\](\w[\w.-]*?)_[0-9a-f]{32}[/\\]")
_MOST_SAID = 2


class NotInstalledError(UserError):
    """Something that a manifest declares can't be installed."""


class Installer(Protocol):
    """A program that makes environments and installs into them."""

    name: str

    def made(self, folder: Path, python: str) -> list[str]:
        """The command that makes an empty environment."""

    def install(self, folder: Path) -> list[str]:
        """The command that installs into it what follows."""


class Uv:
    """uv, which also looks for the Python that the application asks for."""

    name = "uv"

    def made(self, folder: Path, python: str) -> list[str]:
        """The command that makes an empty environment."""
        return ["uv", "venv", "--quiet", *(["--python", python] if python else []), str(folder)]

    def install(self, folder: Path) -> list[str]:
        """The command that installs into it what follows."""
        return ["uv", "pip", "install", "--quiet", "--python", str(_python(folder))]


class Pip:
    """venv, and the pip of the Python that makes the environment."""

    name = "pip"

    def __init__(self) -> None:
        self._maker = sys.executable

    def made(self, folder: Path, python: str) -> list[str]:
        """The command that makes an empty environment."""
        self._maker = _maker(SpecifierSet(python))
        return [self._maker, "-m", "venv", "--without-pip", str(folder)]

    def install(self, folder: Path) -> list[str]:
        """The command that installs into it what follows."""
        pip = [self._maker, "-m", "pip", "--python", str(_python(folder))]
        return [*pip, "install", "--quiet", "--no-input", "--disable-pip-version-check"]


def _python(folder: Path) -> Path:
    return folder / PROGRAMS / "python"


def _maker(wanted: SpecifierSet) -> str:
    """A Python that the application runs on, and that has venv and pip."""
    seen = []
    for name in (*_PYTHONS, sys.executable):
        found = shutil.which(name)
        version = _answer(found, "-c", _VERSION) if found else ""
        if not found or not version:
            continue
        seen.append(version)
        if wanted.contains(version, prereleases=True) and _answer(found, "-m", "pip", "--version"):
            return found
    has = f"there is {', '.join(dict.fromkeys(seen))}" if seen else "there is none"
    asked = f" {wanted}" if str(wanted) else ""
    raise NotInstalledError(f"it needs Python{asked} with pip, and {has}")


@functools.cache
def _answer(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments], env=_clean(), capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _clean() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in SECRETS and k not in _LEADING}


class Environments:
    """The environments of one verification: one for each set of requirements."""

    def __init__(self, log: Path, timeout: float, command: str) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="looplift-env-")
        self._log = log
        self._timeout = timeout
        self._installer: Installer = Uv() if shutil.which("uv") else Pip()
        self._runners = tuple(name for name in _RUNNERS if re.search(rf"\b{name}\b", command))
        self._known: dict[Installation, Path | NotInstalledError] = {}

    @property
    def installer(self) -> str:
        """The name of the program that installs."""
        return self._installer.name

    def close(self) -> None:
        """Remove them all."""
        self._place.cleanup()

    def made(self, wanted: Installation, tree: Path) -> Path:
        """The environment with what is ``wanted``; ``tree`` has the requirements files.

        Raises ``NotInstalledError`` where it can't be made.
        """
        known = self._known.get(wanted)
        if known is None:
            try:
                known = self._make(wanted, tree)
            except NotInstalledError as error:
                known = error
            self._known[wanted] = known
        if isinstance(known, NotInstalledError):
            raise known
        return known

    def add_projects(self, environment: Path, wanted: Installation, tree: Path) -> None:
        """Let the application in ``tree`` be installed, for its metadata and its commands.

        Its modules are found without that, so a project that can't be built is no failure.
        """
        for project in wanted.projects:
            command = self._installer.install(environment)
            self._run([*command, "--no-deps", "--editable", str(tree / project)], tree)

    def _make(self, wanted: Installation, tree: Path) -> Path:
        folder = Path(self._place.name) / f"environment{len(self._known)}"
        installer = self._installer
        self._require(installer.made(folder, wanted.python), tree)
        names = ", ".join(wanted.sources)
        problem: NotInstalledError | None = None
        for attempt in _attempts(wanted):
            try:
                self._require([*installer.install(folder), *self._arguments(attempt, tree)], tree)
            except NotInstalledError as error:
                problem = problem or error
                continue
            self._add_runners(folder, tree)
            return folder
        raise NotInstalledError(f"{names} can't be installed by {installer.name}: {problem}")

    def _arguments(self, wanted: Installation, tree: Path) -> list[str]:
        """What the installer is told."""
        arguments = [word for path in wanted.files for word in ("-r", str(tree / path))]
        for option, lines in (("-r", (*wanted.lines, *wanted.optional)), ("-c", wanted.locked)):
            if lines:
                handle, name = tempfile.mkstemp(dir=self._place.name, suffix=".txt")
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write("".join(f"{_absolute(line, tree)}\n" for line in lines))
                arguments += [option, name]
        return arguments

    def _add_runners(self, folder: Path, tree: Path) -> None:
        missing = [name for name in self._runners if not (folder / PROGRAMS / name).exists()]
        if missing:
            self._require([*self._installer.install(folder), *missing], tree)

    def _require(self, command: Sequence[str], tree: Path) -> None:
        start = self._log.stat().st_size
        code = self._run(command, tree)
        if code is None:
            raise NotInstalledError(f"it takes longer than {self._timeout:g} s")
        if code:
            with self._log.open("rb") as log:
                log.seek(start)
                said = log.read().decode("utf-8", "replace")
            raise NotInstalledError(complaint(said) or f"exit code {code}")

    def _run(self, command: Sequence[str], tree: Path) -> int | None:
        with self._log.open("ab") as log:
            log.write(f"==== environment: {shlex.join(command)}\n".encode("utf-8", "replace"))
            log.flush()
            code = call(list(command), tree, _clean(), log.fileno(), self._timeout)
            log.write(f"==== exit code {code}\n\n".encode())
        return code


def _absolute(line: str, tree: Path) -> str:
    """A requirement; a folder of the application is named from the root."""
    return str(tree / line.removeprefix("./")) if line.startswith("./") else line


def _attempts(wanted: Installation) -> Iterator[Installation]:
    """What is tried one after the other, until something can be installed."""
    tried = [wanted, replace(wanted, optional=()), replace(wanted, locked=())]
    yield from dict.fromkeys(tried)


def complaint(said: str) -> str:
    """What an installer says is wrong, in a line."""
    lines = [line for line in redacted(said).splitlines() if not line.startswith("====")]
    found = [match[1] or match[2] for match in map(_COMPLAINT.match, lines) if match]
    found = [line for line in found if not line.endswith("lines of output]")]
    if found and (built := _BUILT.search(said)):
        found[0] = f"{built[1]}: {found[0]}"
    return "; ".join(found[:_MOST_SAID]) or next((line for line in lines[::-1] if line), "")
