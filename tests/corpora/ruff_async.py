"""Compare what looplift reports of blocking calls and lost tasks with ruff, line by line.

``python tests/corpora/ruff_async.py FOLDER`` reads every Python file of a folder (ruff's own test
files of flake8-async, say). It prints the lines of both, and each line that only one of them
reports; its exit code is 1 where ruff reports a line that looplift does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from codemods.config import Options
from codemods.passes import background_queue, blocking_calls, middleware_tasks
from codemods.pipeline import inspect
from codemods.source import CodeBase, SourceFile

RULES = ("ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222")
RULES += ("ASYNC230", "ASYNC240", "ASYNC250", "ASYNC251", "RUF006")

#: What looplift calls the same: blocking calls, and tasks that nobody holds.
CODES = (*(code.code for code in blocking_calls.PASS.codes), "LL703", "LL802")
PASSES = [blocking_calls.PASS, middleware_tasks.PASS, background_queue.PASS]

Line = tuple[str, int]


def ruff_lines(folder: Path) -> dict[Line, str]:
    """The lines that ruff reports, with their rules."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--preview", "--no-cache"]
    command += ["--select", ",".join(RULES), "--output-format", "json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[Line, str] = {}
    for item in json.loads(done.stdout):
        path = Path(item["filename"]).relative_to(folder.resolve()).as_posix()
        found[path, item["location"]["row"]] = item["code"]
    return found


def looplift_lines(folder: Path) -> dict[Line, str]:
    """The lines that looplift reports, with their codes. Each file is a program of its own."""
    found: dict[Line, str] = {}
    for file in sorted(folder.rglob("*.py")):
        path = file.relative_to(folder).as_posix()
        codebase = CodeBase(folder, {"module.py": SourceFile("module.py", file.read_text("utf-8"))})
        for finding in inspect(codebase, PASSES, Options(jobs=1)).findings:
            if finding.code in CODES:
                found[path, finding.line] = finding.code
    return found


def main(folder: Path) -> int:
    """Print counts and differences."""
    ruff, looplift = ruff_lines(folder), looplift_lines(folder)
    print(
        f"ruff: {len(ruff)} lines, looplift: {len(looplift)}, both: {len(ruff.keys() & looplift)}"
    )
    for lines, others, name in ((ruff, looplift, "ruff"), (looplift, ruff, "looplift")):
        for path, row in sorted(lines.keys() - others.keys()):
            text = (folder / path).read_text("utf-8").split("\n")[row - 1].strip()
            print(f"only {name}: {path}:{row}: {lines[path, row]} {text}")
    return int(bool(ruff.keys() - looplift.keys()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
