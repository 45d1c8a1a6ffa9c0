"""What a person does after ``looplift apply``: install the manifest, and start everything.

Run as ``python -m golden.install [NAME ...]`` in ``tests`` with the checkout on PYTHONPATH: for the
goldens that say what to run (``install`` in their scenario), or those named. For each it makes a
fresh environment from the *migrated* manifest and nothing else, and with it, on PostgreSQL and on
SQLite, runs those commands (Alembic, console commands, workers), starts the service, asks it, and
runs the application's own suite. It takes about a minute for each, most of it pip's.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from golden import runner
from golden.databases import Database, find_binaries, postgres_server, sqlite_database
from golden.scenario import Scenario, load

TIMEOUT = 600
#: Seconds until the service answers.
PATIENCE = 30
PORT = 18431
_STRICT = ("error:coroutine:RuntimeWarning", "error::pytest.PytestUnraisableExceptionWarning")


class StepError(Exception):
    """A step that failed, with its output."""


def requirements(application: Path) -> list[str]:
    """What pip is given: the application's own declaration, its tests' among it."""
    if (application / "requirements.txt").exists():
        return ["-r", "requirements.txt"]
    document = tomllib.loads((application / "pyproject.toml").read_text(encoding="utf-8"))
    found = list(document["project"]["dependencies"])
    for group in document.get("dependency-groups", {}).values():
        found += group
    for extra in document["project"].get("optional-dependencies", {}).values():
        found += extra
    return found


def install(application: Path, environment: Path) -> Path:
    """Make the environment; gives the folder of its commands."""
    step([sys.executable, "-m", "venv", str(environment)], application, {})
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    own = {key: os.environ[key] for key in os.environ if key.startswith(("PIP_", "HOME"))}
    step([*pip, *requirements(application)], application, own)
    if (application / "pyproject.toml").exists():
        step([*pip, "--no-deps", "."], application, own)
    return environment / "bin"


def step(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run one command; raises ``StepError`` with its output."""
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


def serve(scenario: Scenario, folder: Path, commands: Path, environment: Mapping[str, str]) -> str:
    """Start the service as people do, and ask it something."""
    request = next(r for r in scenario.requests if r.method == "GET" and "{" not in r.path)
    factory = ["--factory"] if scenario.app.endswith("()") else []
    command = [str(commands / "python"), "-m", "uvicorn", "--port", str(PORT), *factory]
    with subprocess.Popen(
        [*command, scenario.app.removesuffix("()")],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            deadline = time.monotonic() + PATIENCE
            while server.poll() is None and time.monotonic() < deadline:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{request.path}") as answer:
                        return f"GET {request.path}: {answer.status}"
                except urllib.error.HTTPError as error:
                    raise StepError(f"GET {request.path}: {error.code}") from error
                except urllib.error.URLError:
                    time.sleep(0.2)
        finally:
            server.terminate()
            output = server.communicate()[1]
    raise StepError(f"the service does not answer:\n{output[-3000:]}")


def run(scenario: Scenario, commands: Path, folder: Path, database: Database) -> None:
    """Everything that the application has, on one database."""
    environment = runner.environment(scenario, database)
    environment["PATH"] = f"{commands}:{os.environ['PATH']}"
    environment["PYTHONPATH"] = "."
    for text in scenario.install:
        print(f"  {database.kind}: {text}: {step(shlex.split(text), folder, environment)}")
    print(f"  {database.kind}: {serve(scenario, folder, commands, environment)}")
    suite = [str(commands / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    for warning in _STRICT:
        suite += ["-W", warning]
    print(f"  {database.kind}: suite: {step(suite, folder, environment)}", flush=True)


def report(names: list[str]) -> int:
    """Install and run every golden that says how (or those of ``names``); 1 where one fails."""
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL's server binaries were not found")
        return 2
    failed = 0
    scenarios = [load(golden) for golden in runner.golden_folders()]
    with postgres_server(binaries) as server:
        for scenario in scenarios:
            if not (scenario.name in names if names else scenario.install):
                continue
            with tempfile.TemporaryDirectory() as temporary:
                work = Path(temporary)
                print(scenario.name, flush=True)
                try:
                    made = runner.copy_application(scenario.folder / "after", work / "made")
                    commands = install(made, work / "environment")
                    for kind in scenario.databases:
                        folder = runner.copy_application(scenario.folder / "after", work / kind)
                        fresh = (
                            sqlite_database(work / "database.sqlite")
                            if kind == "sqlite"
                            else server.database()
                        )
                        run(scenario, commands, folder, fresh)
                except StepError as error:
                    failed = 1
                    print(f"  FAILED: {error}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(report(sys.argv[1:]))
