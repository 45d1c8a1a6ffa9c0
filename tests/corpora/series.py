"""Prove that an application works after each patch of its series.

``python tests/corpora/series.py SOURCE --check COMMAND [--check COMMAND ...] [-- OPTIONS]`` clones
SOURCE, writes its series with ``looplift diff --series`` (and OPTIONS), and gives each patch to
``git am`` on a clean clone. Before the first patch and after each one every module has to compile
and every command has to end with 0; commands run in the clone, which is also ``$TREE``. At the end
the clone has to be what ``looplift apply`` makes of SOURCE. The exit code is 1 where it is not so.

``--golden NAME`` takes a golden application instead: it is started, asked what its scenario says,
and compared with its first answers and rows; then its own suite runs, strictly.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from golden.scenario import load  # noqa: E402

from golden import runner  # noqa: E402

_COUNTS = re.compile(r"\d+ (?:passed|failed|errors?|skipped|xfailed)[^\n=]*")

#: Looks at a tree; what is wrong with it, "" for nothing, and what is worth printing.
Judge = Callable[[Path], tuple[str, str]]


def git(folder: Path, *arguments: str) -> str:
    """The output of git."""
    command = ["git", "-c", "user.name=Rosa", "-c", "user.email=rosa@example.org", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def looplift(folder: Path, *arguments: str) -> str:
    """The output of looplift."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # -P: a module of the application may have the name of one of looplift's.
    command = [sys.executable, "-P", "-c", "from cli.main import main; main()", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise RuntimeError(done.stderr)
    return done.stdout


def repository(source: Path, target: Path) -> Path:
    """A clone of ``source`` with one commit at least, whether it is a repository or not."""
    if (source / ".git").exists():
        git(source.parent, "clone", "-q", str(source), str(target))
    else:
        runner.copy_application(source, target)
        git(target, "init", "-q")
        git(target, "add", "-A")
        git(target, "commit", "-qm", "Before")
    git(target, "config", "user.name", "Rosa")
    git(target, "config", "user.email", "rosa@example.org")
    return target


def by_commands(commands: Sequence[str], timeout: float) -> Judge:
    """The judge that runs commands in the tree."""

    def judge(folder: Path) -> tuple[str, str]:
        said = []
        environment = {**os.environ, "TREE": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        for command in commands:
            done = subprocess.run(
                command,
                shell=True,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
            )
            if done.returncode:
                return f"`{command}` ended with {done.returncode}:\n{done.stdout[-6000:]}", ""
            counts = _COUNTS.findall(done.stdout)
            said.append(counts[-1].strip() if counts else "done")
        return "", "; ".join(said)

    return judge


def by_scenario(name: str, work: Path, *, in_parts: bool) -> Judge:
    """The judge that starts a golden application, asks it, and runs its suite.

    Between the parts of one pass a request may take more statements than at its end.
    """
    scenario = load(runner.GOLDEN / name)
    if "sqlite" not in scenario.databases:
        raise SystemExit(f"{name} does not run on SQLite")
    first: list[runner.Run] = []
    tests: list[runner.SuiteRun] = []

    def judge(folder: Path) -> tuple[str, str]:
        place = work / f"run{time.monotonic_ns()}"
        database = runner.database_for(scenario, folder, place / "app.sqlite")
        run = runner.run(folder, scenario, database, place)
        first.append(run)
        # The loop may be blocked until the pass that frees it, so those troubles are not asked for.
        problems = list(run.troubles) + runner.differences(first[0], run, scenario)
        if in_parts:
            problems = [one for one in problems if ": more statements, " not in one]
        said = f"{len(run.transcript['exchanges'])} requests answered alike"
        git(folder, "clean", "-fdxq")
        if scenario.tests:
            database = runner.database_for(scenario, folder, place / "suite.sqlite")
            suite = runner.run_suite(folder, scenario, database, place / "suite")
            tests.append(suite)
            problems += runner.suite_troubles(tests[0], suite)
            said += f", {len(suite.passed)} tests passed"
            git(folder, "clean", "-fdxq")
        return "\n".join(problems), said

    return judge


def patches(repo: Path, folder: Path, options: Sequence[str]) -> list[Path]:
    """The series of a repository."""
    out = looplift(repo, "diff", "-q", "--series", str(folder), *options)
    return [Path(line) for line in out.splitlines()]


def _without_split(options: Sequence[str]) -> list[str]:
    """The options that ``apply`` has too."""
    if "--split" not in options:
        return list(options)
    place = list(options).index("--split")
    return [*options[:place], *options[place + 2 :]]


def prove(source: Path, work: Path, judge: Judge, options: Sequence[str]) -> Iterator[str]:
    """A line for each state. Raises ``RuntimeError`` where one is broken."""
    repo = repository(source, work / "repo")
    clone = repository(repo, work / "clone")
    series = patches(repo, work / "patches", options)
    if not series:
        raise RuntimeError("there is nothing to change")
    for patch in (None, *series):
        if patch is not None:
            git(clone, "am", "-q", str(patch))
        name = patch.name if patch else "before the series"
        start = time.monotonic()
        if problems := runner.syntax_errors(clone):
            raise RuntimeError(f"{name}: does not compile: {problems}")
        problem, said = judge(clone)
        if problem:
            raise RuntimeError(f"{name}: {problem}")
        git(clone, "checkout", "-q", "--", ".")
        git(clone, "clean", "-fdxq")
        yield f"{name}: compiles, {said} ({time.monotonic() - start:.0f} s)"
    looplift(repo, "apply", "-q", *_without_split(options))
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "Applied", "--allow-empty")
    trees = [git(place, "rev-parse", "HEAD^{tree}") for place in (repo, clone)]
    if trees[0] != trees[1]:
        raise RuntimeError("the end of the series is not what apply makes")
    yield f"{len(series)} patches; the end is what `looplift apply` makes"


def main(arguments: Sequence[str]) -> int:
    """Print what was proven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, nargs="?", help="a repository or a folder")
    parser.add_argument("--golden", default="", help="a golden application instead")
    parser.add_argument("--check", action="append", default=[], help="a command that has to pass")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for a command")
    parser.add_argument("--keep", type=Path, help="a new folder for the clones and the patches")
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    chosen, options = parser.parse_args(arguments[:cut]), arguments[cut + 1 :]
    if bool(chosen.source) == bool(chosen.golden):
        parser.error("name a SOURCE or a --golden application")
    work = (chosen.keep or Path(tempfile.mkdtemp(prefix="series-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    if chosen.golden:
        source = runner.GOLDEN / chosen.golden / "before"
        judge = by_scenario(chosen.golden, work, in_parts="--split" in options)
    else:
        source, judge = chosen.source.resolve(), by_commands(chosen.check, chosen.timeout)
    try:
        for line in prove(source, work, judge, options):
            print(line, flush=True)
    except RuntimeError as error:
        print(error)
        return 1
    finally:
        if chosen.keep is None:
            shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
