"""A repository, the fake passes and a way to call the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fakes
import pytest

from cli.main import run


@dataclass(frozen=True)
class Result:
    """What one call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line of the output."""
        return self.out.splitlines()[-1]


Call = Callable[..., Result]


@pytest.fixture
def looplift(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Call ``looplift`` with the fake passes."""
    fakes.use_fakes(monkeypatch)
    for name in ("NO_COLOR", "FORCE_COLOR", "LOOPLIFT_DEBUG", "GITHUB_TOKEN", "GITHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> Result:
        capfdbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Result(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    return call


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository, with the working directory in it."""
    folder = tmp_path / "repo"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "a.py").write_text(
        "def f():\n    return old_one(old_two)\n\n\nx = old_three\n"
    )
    (folder / "app" / "b.py").write_text("y = old_one  # bridge\nz = old_two  # keep\n")
    (folder / "app" / "plain.py").write_text("nothing = 1\n")
    fakes.repository(folder)
    monkeypatch.chdir(folder)
    return folder
