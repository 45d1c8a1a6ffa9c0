"""Passes that replace words: enough to try everything around the real ones."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from codemods.config import Options
from codemods.facts import Program
from codemods.findings import Code, Finding, Level, Treatment
from codemods.passes import Outcome, Pass
from codemods.passes.base import Decision

_DOCUMENTATION = """
## What it does
Replaces `{old}`.

## Why is this bad
Because `{old}` blocks the loop,
and everybody waits.

## Fix safety
Safe.
"""


def word_pass(
    name: str, order: int, old: str, new: str, code: str, level: Level = Level.SAFE, **more: object
) -> Pass:
    """A pass that replaces ``old`` by ``new`` in PATH, and leaves lines with ``keep`` alone."""

    def plan(program: Program, options: Options) -> Outcome:
        texts, findings = {}, []
        for file in program.codebase.python_files:
            if old not in file.text or not program.codebase.editable(file.path):
                continue
            lines = file.text.split("\n")
            for number, line in enumerate(lines):
                if old not in line:
                    continue
                treatment = Treatment.NATIVE
                if "keep" in line:
                    treatment = Treatment.LEFT
                elif "bridge" in line:
                    treatment = Treatment.BRIDGED
                if treatment is not Treatment.LEFT:
                    lines[number] = line.replace(old, new)
                findings.append(
                    Finding(
                        file.path, number + 1, line.index(old) + 1, code, f"`{old}` blocks", name,
                        level, treatment, (f"called by `main` in {file.path}:1", "a route"),
                    )
                )  # fmt: skip
            if (text := "\n".join(lines)) != file.text:
                texts[file.path] = text
                if "make_file" in text and "made/helper.py" not in program.codebase:
                    texts["made/helper.py"] = f"# made by {name}\n"
        decisions = tuple(
            Decision(f.path, f.line, "f", f.treatment.value, "becomes new", f.reasons, 1)
            for f in findings
        )
        return Outcome(texts=texts, findings=tuple(findings), decisions=decisions)

    codes = (Code(code, f"{name}-word", f"The word `{old}`"),)
    page = _DOCUMENTATION.format(old=old)
    return Pass(name, order, f"Replace {old} by {new}", level, codes, page, plan, **more)  # type: ignore[arg-type]


FIRST = word_pass("fake-first", 1, "old_one", "new_one", "LL901")
SECOND = word_pass("fake-second", 2, "old_two", "new_two", "LL911", needs=("fake-first",))
UNSAFE = word_pass("fake-unsafe", 3, "old_three", "new_three", "LL921", Level.UNSAFE)
PASSES = (FIRST, SECOND, UNSAFE)


def git(folder: Path, *arguments: str, data: bytes | None = None) -> str:
    """Run git as a developer would."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return os.fsdecode(done.stdout)


def repository(folder: Path) -> Path:
    """Make ``folder`` a git repository and commit what is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Ada Author")
    git(folder, "config", "user.email", "ada@example.org")
    commit(folder, "start")
    return folder


def commit(folder: Path, message: str) -> str:
    """Commit everything and give the name of the commit."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD").strip()


def use_fakes(monkeypatch: object, passes: tuple[Pass, ...] = PASSES) -> None:
    """Put fake passes in the place of the real ones."""
    import codemods.passes

    monkeypatch.setattr(codemods.passes, "all_passes", lambda: passes)  # type: ignore[attr-defined]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` but git's own and looplift's state."""
    return dict(_files(folder, lambda part: part in (".git", ".looplift_cache")))


def _files(folder: Path, skipped: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(map(skipped, relative.parts)):
            yield relative.as_posix(), path.read_bytes()
