"""A code base: every text file that looplift may read, as one immutable value."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

from codemods.source.text import SourceFile, UndecodableError

#: Folders that hold no source of the application, whatever git says.
SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".looplift_cache",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
        "venv",
    }
)

#: Files beside Python modules that a migration reads or edits.
COMPANIONS = (
    "*.html",
    "*.jinja",
    "*.jinja2",
    "*.j2",
    "*requirements*.txt",
    "*requirements*.in",
    "requirements/*.txt",
    "requirements/*.in",
    "*/requirements/*.txt",
    "*/requirements/*.in",
    "constraints*.txt",
    "pyproject.toml",
    "setup.cfg",
    "Pipfile",
    "[Dd]ockerfile*",
    "*.[Dd]ockerfile",
    "[Cc]ontainerfile*",
    "*compose*.yml",
    "*compose*.yaml",
    ".github/*.yml",
    ".github/*.yaml",
    "*/.github/*.yml",
    ".circleci/*.yml",
    ".buildkite/*.yml",
    ".gitlab/*.yml",
    ".gitlab-ci.yml",
    ".travis.yml",
    "azure-pipelines*.yml",
    "bitbucket-pipelines.yml",
    "cloudbuild*.yaml",
    "environment*.yml",
    "environment*.yaml",
    "[Mm]akefile",
    "Procfile",
    "*.sh",
    "pdm.lock",
    "pylock.toml",
    "pytest.ini",
    "tox.ini",
    "alembic.ini",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
)

#: Larger files are data, not source (bytes).
MAX_SIZE = 4 * 1024 * 1024


@dataclass(frozen=True)
class SourceError:
    """A file that was passed over, and why, in one sentence."""

    path: str
    message: str
    line: int = 1


@dataclass(frozen=True)
class CodeBase:
    """All files below ``root``, by their path relative to it.

    ``target`` is the part (relative to ``root``, "" for all) in which files may be edited;
    everything else is read only, and so are the files in ``frozen``.
    """

    root: Path
    files: Mapping[str, SourceFile]
    target: str = ""
    errors: tuple[SourceError, ...] = field(default=())
    frozen: frozenset[str] = frozenset()

    def __getitem__(self, path: str) -> SourceFile:
        return self.files[path]

    def __contains__(self, path: object) -> bool:
        return path in self.files

    def __iter__(self) -> Iterator[SourceFile]:
        return iter(self.files.values())

    @property
    def python_files(self) -> Iterator[SourceFile]:
        """The Python modules, in the order of their paths."""
        return (file for file in self.files.values() if file.is_python)

    def editable(self, path: str) -> bool:
        """Whether ``path`` lies in the part that may be edited."""
        if path in self.frozen:
            return False
        return not self.target or path == self.target or path.startswith(self.target + "/")

    def with_texts(self, texts: Mapping[str, str]) -> CodeBase:
        """A new code base in which ``texts`` replace (or add) files."""
        changed = dict(self.files)
        for path, text in texts.items():
            known = changed.get(path)
            changed[path] = known.with_text(text) if known else SourceFile(path, text)
        return replace(self, files=dict(sorted(changed.items())))


def load(target: Path, exclude: Iterable[str] = ()) -> CodeBase:
    """Read the code base around ``target`` (a folder or one file).

    The root is the git work tree that holds ``target``, else ``target`` itself. Only files that
    git knows or does not ignore are read. Symbolic links are not followed.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link
    folder = target if target.is_dir() else target.parent
    top = git_root(folder)
    root = top or folder
    below = os.path.relpath(target, root)
    patterns = tuple(exclude)
    files: dict[str, SourceFile] = {}
    errors: list[SourceError] = []
    for path in sorted(_git_paths(root) if top else _walk(root)):
        if _wanted(path) and not _excluded(path, patterns):
            _read(root, path, files, errors)
    return CodeBase(root, files, "" if below == "." else below.replace(os.sep, "/"), tuple(errors))


def git_root(folder: Path) -> Path | None:
    """The git work tree that holds ``folder``, or None."""
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def _git_paths(root: Path) -> Iterable[str]:
    # fsmonitor and hooks of a foreign repository must not run.
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    command += ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return _walk(root)
    return {os.fsdecode(name) for name in listing.split(b"\0") if name}


def _walk(root: Path) -> Iterator[str]:
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in SKIPPED_FOLDERS]
        for name in files:
            yield (Path(folder) / name).relative_to(root).as_posix()


def _wanted(path: str) -> bool:
    *folders, name = path.split("/")
    if not SKIPPED_FOLDERS.isdisjoint(folders):
        return False
    return name.endswith(".py") or any(
        fnmatch(path if "/" in pattern else name, pattern) for pattern in COMPANIONS
    )


def _excluded(path: str, patterns: tuple[str, ...]) -> bool:
    parts = path.split("/")
    prefixes = {"/".join(parts[: index + 1]) for index in range(len(parts))}
    return any(
        pattern.rstrip("/") in prefixes
        or fnmatch(path, pattern)
        or any(fnmatch(part, pattern) for part in parts)
        for pattern in patterns
    )


def _read(root: Path, path: str, files: dict[str, SourceFile], errors: list[SourceError]) -> None:
    location = root / path
    try:
        if location.is_symlink() or not location.is_file():
            return
        if any(parent.is_symlink() for parent in _between(root, location)):
            return
        if location.stat().st_size > MAX_SIZE:
            if path.endswith(".py"):
                errors.append(SourceError(path, f"is larger than {MAX_SIZE} bytes"))
            return
        files[path] = SourceFile.from_bytes(path, location.read_bytes())
    except UndecodableError as error:
        errors.append(SourceError(path, str(error)))
    except OSError as error:
        errors.append(SourceError(path, f"cannot be read ({error.strerror})"))


def _between(root: Path, location: Path) -> Iterator[Path]:
    parent = location.parent
    while parent != root:
        yield parent
        parent = parent.parent
