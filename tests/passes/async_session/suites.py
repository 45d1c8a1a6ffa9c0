"""Applications with a suite of their own, which pytest runs before and after the flip."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

_STRICT = ("error:coroutine:RuntimeWarning", "error::pytest.PytestUnraisableExceptionWarning")


def flipped(files: dict[str, str]) -> dict[str, str]:
    """The texts of an application after the flip."""
    sources = {path: SourceFile(path, text) for path, text in files.items()}
    result = migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1))
    return {path: file.text for path, file in result.after.files.items()}


def passing(files: dict[str, str], folder: Path) -> int:
    """How many tests of a suite pass; another outcome is a failure here, with pytest's report."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    warnings = [part for filter_ in _STRICT for part in ("-W", filter_)]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *warnings, "."],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = re.search(r"(\d+) passed", ran.stdout)
    assert found is not None, ran.stdout
    return int(found[1])
