"""Findings and decisions name the lines of the code that the reader has before him."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import run
from codemods.findings import Finding
from codemods.passes.base import Decision
from codemods.patches.places import Places
from codemods.source import CodeBase, SourceFile

OLD = "a\nb\nc\nd\n"
NEW = "# one\n# two\na\nb\nx\nc\nd\n"
TEXTS = [
    ("it is used in line 1 and changed in line 3", "it is used in line 3 and changed in line 6"),
    ("awaits b in app/main.py:2", "awaits b in app/main.py:4"),
    ("awaits b in app/other.py:2", "awaits b in app/other.py:2"),
    ("line 2, line 4", "line 4, line 7"),
    ("a deadline 1 of 2, at 3", "a deadline 1 of 2, at 3"),
]


def codebase(text: str) -> CodeBase:
    files = {"app/main.py": SourceFile("app/main.py", text)}
    return CodeBase(Path("/nowhere"), {**files, "app/other.py": SourceFile("app/other.py", OLD)})


@pytest.mark.parametrize(("said", "moved"), TEXTS)
def test_what_is_said_moves_with_its_place(said: str, moved: str) -> None:
    places = Places(codebase(OLD), codebase(NEW))
    finding = places.finding(Finding("app/main.py", 3, 1, "LL1", said, "rule", reasons=(said,)))
    assert (finding.line, finding.message, finding.reasons) == (6, moved, (moved,))
    decision = places.decision(Decision("app/main.py", 4, "main", "native", said, (said,)))
    assert (decision.line, decision.action, decision.reasons) == (7, moved, (moved,))


def test_a_file_that_is_not_there_keeps_its_lines() -> None:
    bare = CodeBase(Path("/nowhere"), {})
    assert Places(codebase(OLD), bare).line("app/main.py", 3) == 3
    assert Places(bare, codebase(OLD)).line("app/missing.py", 3) == 3


APPLICATION = """\
import time

from fastapi import FastAPI

app = FastAPI()
count = 0


@app.get("/")
async def route():
    time.sleep(1)
    return 1


@app.get("/count")
async def counted():
    global count
    before = count
    time.sleep(1)
    count = before + 1
    return before
"""


def test_the_plan_and_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    assert run(["plan", "--no-cache", str(tmp_path)]) == 0
    assert "count is used in line 18 and changed in line 20" in capsys.readouterr().out
    assert run(["apply", "--no-cache", str(tmp_path)]) == 0
    lines = (tmp_path / "app.py").read_text().splitlines()
    read, changed = (
        lines.index(f"    {text}") + 1 for text in ("before = count", "count = before + 1")
    )
    assert (read, changed) != (18, 20)
    assert f"count is used in line {read} and changed in line {changed}" in capsys.readouterr().out
