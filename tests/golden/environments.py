"""Fresh environments, made from what an application's manifests say and nothing else.

Each kind of manifest is installed by the tool that it belongs to: pip's files, PEP 621 and
``setup.cfg`` by uv, Poetry's tables by Poetry, a ``Pipfile`` by Pipenv (uv fetches those two).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TIMEOUT = 600
#: What of our own environment a tool needs to find its index and its cache.
_OWN = ("HOME", "PIP_", "UV_", "SSL_", "REQUESTS_CA_BUNDLE", "XDG_CACHE_HOME", "LANG")
#: The index that pip asks, for Poetry: mirrors often lack the JSON API that it asks otherwise.
_SIMPLE_INDEX = """
[[tool.poetry.source]]
name = "simple"
url = "{}"
priority = "primary"
"""
#: pip has no command that tells the index it asks where nothing is configured.
_DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class StepError(Exception):
    """A step that failed, with its output."""


def step(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run one command and give its last line; raises ``StepError`` with its output."""
    ran = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if ran.returncode:
        raise StepError(
            f"{shlex.join(command)} ended with {ran.returncode}\n{ran.stdout}{ran.stderr}"
        )
    return (ran.stdout.strip() or ran.stderr.strip()).rpartition("\n")[2]


def kind(application: Path) -> str:
    """What declares the requirements of an application: ``pip``, ``project``, ``poetry``, ..."""
    if (application / "Pipfile").exists():
        return "pipenv"
    document = _document(application)
    if "poetry" in document.get("tool", {}):
        return "poetry"
    if "dependencies" in document.get("project", {}):
        return "project"
    return "setup.cfg" if (application / "setup.cfg").exists() else "pip"


def make(application: Path, folder: Path) -> Path:
    """Make the environment of ``application`` in ``folder``; gives the folder of its commands.

    Everything that the manifests declare is installed: all extras, all groups, all files.
    """
    own = {key: value for key, value in os.environ.items() if key.startswith(_OWN)}
    step([uv(), "venv", "--quiet", "--python", sys.executable, str(folder)], application, own)
    # Poetry and Pipenv install into the environment that is active; so does uv, by its full name
    # (``python -m uv`` would fill the environment of that Python).
    own |= {"VIRTUAL_ENV": str(folder), "PIPENV_IGNORE_VIRTUALENVS": "0"}
    _INSTALLERS[kind(application)](application, own)
    return folder / "bin"


def uv() -> str:
    """The command of uv that stands beside this Python."""
    found = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        raise StepError("uv is needed: `pip install uv`")
    return found


def _document(application: Path) -> dict[str, Any]:
    path = application / "pyproject.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _install(arguments: list[str], application: Path, environment: Mapping[str, str]) -> None:
    step([uv(), "pip", "install", "--quiet", *arguments], application, environment)


def _pip(application: Path, environment: Mapping[str, str]) -> None:
    files = sorted(application.glob("requirements*.txt"))
    _install([part for file in files for part in ("-r", file.name)], application, environment)
    if "project" in _document(application):
        _install(["--no-deps", "--editable", "."], application, environment)


def _project(application: Path, environment: Mapping[str, str]) -> None:
    document = _document(application)
    groups = [part for name in document.get("dependency-groups", {}) for part in ("--group", name)]
    _install(["-r", "pyproject.toml", "--all-extras", *groups], application, environment)
    if "build-system" in document:
        _install(["--no-deps", "--editable", "."], application, environment)


def _setup_cfg(application: Path, environment: Mapping[str, str]) -> None:
    _install(["-r", "setup.cfg", "--all-extras"], application, environment)
    _install(["--no-deps", "--editable", "."], application, environment)


def _index(environment: Mapping[str, str]) -> str:
    """The index that pip asks: the one that it is configured for, else its own default."""
    if given := environment.get("PIP_INDEX_URL", ""):
        return given
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    configured = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return configured or step([sys.executable, "-c", _DEFAULT_INDEX], Path.cwd(), environment)


def _poetry(application: Path, environment: Mapping[str, str]) -> None:
    poetry = [uv(), "tool", "run", "--quiet", "poetry"]
    with (application / "pyproject.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(_SIMPLE_INDEX.format(_index(environment)))
    step([*poetry, "lock"], application, environment)
    step([*poetry, "install", "--all-groups", "--all-extras"], application, environment)


def _pipenv(application: Path, environment: Mapping[str, str]) -> None:
    own = {**environment, "PIPENV_VERBOSITY": "-1"}
    pipenv = [uv(), "tool", "run", "--quiet", "pipenv"]
    step([*pipenv, "lock", "--dev"], application, own)
    step([*pipenv, "sync", "--dev"], application, own)


_INSTALLERS = {
    "pip": _pip,
    "project": _project,
    "setup.cfg": _setup_cfg,
    "poetry": _poetry,
    "pipenv": _pipenv,
}
