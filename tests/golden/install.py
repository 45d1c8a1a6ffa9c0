"""What a person does after ``looplift apply``: install the manifest, and start everything.

Run as ``python -m golden.install [NAME ...]`` in ``tests`` with the checkout on PYTHONPATH (``make
install-goldens`` does): for all goldens, or those named. For both sides of each it makes a fresh
environment from the manifest of *that side* and nothing else, and with it, on each database of the
golden, runs its commands (``install`` in its scenario: Alembic, console commands, workers), starts
the service, asks it, and runs the application's own suite. What the commands print, and what the
service answers, must be the same before and after.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from golden import environments, runner
from golden.databases import Database, PostgresServer, find_binaries, postgres_server
from golden.environments import StepError, step
from golden.scenario import Request, Scenario, load

SIDES = ("before", "after")
#: Seconds until the service answers.
PATIENCE = 90
PORT = 18431
#: How many warnings a suite gives differs from library to library.
_WARNINGS = re.compile(r", \d+ warnings?")
_STRICT = ("error:coroutine:RuntimeWarning", "error::pytest.PytestUnraisableExceptionWarning")


def serve(scenario: Scenario, folder: Path, commands: Path, environment: Mapping[str, str]) -> str:
    """Start the service as people do, and ask it the first thing that needs nothing before it."""
    request = next((r for r in scenario.requests if "{" not in r.path), Request("GET", "/docs"))
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
                    return f"GET /openapi.json: {_status('/openapi.json')}, {_ask(request)}"
                except urllib.error.URLError:
                    time.sleep(0.1)
        finally:
            server.terminate()
            output = server.communicate()[1]
    raise StepError(f"the service does not answer:\n{output[-3000:]}")


def _ask(request: Request) -> str:
    path = request.path if request.method == "GET" else "/docs"
    status = _status(path)
    if status >= 500:
        raise StepError(f"GET {path}: {status}")
    return f"GET {path}: {status}"


def _status(path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}") as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def environment_for(scenario: Scenario, commands: Path, database: Database) -> dict[str, str]:
    """The variables of a process that runs in the fresh environment."""
    environment = runner.environment(scenario, database)
    environment["PATH"] = f"{commands}:{environment['PATH']}"
    environment["PYTHONPATH"] = "."
    for name in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):  # a fresh environment has no bytecode
        environment.pop(name, None)
    return environment


def run(
    scenario: Scenario, commands: Path, folder: Path, database: Database, empty: Database
) -> list[str]:
    """Everything that one side has; what it said, one line for each step.

    Commands and service share a database, as they do on a machine; the suite gets an empty one.
    """
    environment = environment_for(scenario, commands, database)
    said = [f"{text}: {step(shlex.split(text), folder, environment)}" for text in scenario.install]
    said.append(serve(scenario, folder, commands, environment))
    environment = environment_for(scenario, commands, empty)
    if scenario.tests and (folder / scenario.tests).is_dir():
        suite = [str(commands / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        strict = [part for warning in _STRICT for part in ("-W", warning)]
        result = step([*suite, *strict, scenario.tests], folder, environment)
        said.append(f"suite: {_WARNINGS.sub('', result.partition(' in ')[0])}")
    return said


def report_one(scenario: Scenario, server: PostgresServer, work: Path) -> bool:
    """Install and run both sides of one golden; whether both say the same."""
    said: dict[str, list[str]] = {}
    for side in SIDES:
        source = scenario.folder / side
        made = runner.copy_application(source, work / f"{side}-made")
        commands = environments.make(made, work / f"{side}-environment")
        said[side] = []
        for kind in scenario.databases:
            folder = runner.copy_application(source, work / f"{side}-{kind}")
            databases = [_fresh(scenario, folder, kind, server, work) for _ in range(2)]
            lines = run(scenario, commands, folder, *databases)
            said[side] += [f"{kind}: {line}" for line in lines]
    print(*(f"  {line}" for line in said["after"]), sep="\n", flush=True)
    for before, after in zip(*said.values(), strict=True):
        if before != after:
            print(f"  FAILED: before {before!r}, after {after!r}", flush=True)
    return said["before"] == said["after"]


def _fresh(
    scenario: Scenario, folder: Path, kind: str, server: PostgresServer, work: Path
) -> Database:
    if kind == "postgresql":
        return server.database()
    return runner.database_for(scenario, folder, Path(tempfile.mkdtemp(dir=work)) / "made.sqlite")


def report(names: list[str]) -> int:
    """Install and run every golden (or those of ``names``); 1 where one fails."""
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL's server binaries were not found")
        return 2
    failed = []
    scenarios = [load(golden) for golden in runner.golden_folders()]
    with postgres_server(binaries) as server:
        for scenario in scenarios:
            if names and scenario.name not in names:
                continue
            started = time.monotonic()
            kind = environments.kind(scenario.folder / "after")
            print(f"{scenario.name} ({kind})", flush=True)
            with tempfile.TemporaryDirectory() as temporary:
                try:
                    if not report_one(scenario, server, Path(temporary)):
                        failed.append(scenario.name)
                except (StepError, OSError) as error:
                    failed.append(scenario.name)
                    print(f"  FAILED: {error}", flush=True)
            print(f"  {time.monotonic() - started:.1f} s", flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "all of them run")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(report(sys.argv[1:]))
