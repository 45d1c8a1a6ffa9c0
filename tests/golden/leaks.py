"""What a leak costs: requests at once against each leaking golden, before and after.

Run as ``python -m golden.leaks [NAME ...]`` in ``tests`` with the checkout on PYTHONPATH. For each
golden application in which ``session-dependency`` finds something, both sides are started on a
PostgreSQL of their own, with the pool that SQLAlchemy gives (5 + 10 connections) and the garbage
collector off, which hides a leak while there is little to do. It prints the requests that were
answered, and the connections that are checked out, and "idle in transaction", when all are done.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from golden import runner
from golden.databases import find_binaries, postgres_server
from golden.drive import import_app
from golden.scenario import Scenario, load

#: Requests at once; more than the pool has connections, and than FastAPI has threads.
REQUESTS = 60
#: Seconds that a request waits for a connection before it fails; 30 by default.
PATIENCE = 2
TIMEOUT = 240
#: The codes of ``session-dependency`` that tell of a leak in the application itself.
_LEAKS = frozenset({"LL101", "LL102", "LL103", "LL104"})


def leaking(application: Path) -> bool:
    """Whether an application (outside of any repository) has a session that nobody closes."""
    from codemods.config import Options
    from codemods.passes import all_passes
    from codemods.pipeline import inspect
    from codemods.source import load as read

    (rule,) = [rule for rule in all_passes() if rule.name == "session-dependency"]
    found = inspect(read(application), [rule], Options(jobs=1)).findings
    return any(finding.code in _LEAKS for finding in found)


def paths(scenario: Scenario) -> list[str]:
    """The requests that need nothing before them."""
    found = [
        request.path
        for request in scenario.requests
        if request.method == "GET" and request.status == 200 and "{" not in request.path
    ]
    return list(dict.fromkeys(found))


def measure(side: Path, scenario: Scenario, path: str, database: Any) -> dict[str, Any]:
    """Start one side in a process of its own, and send it the requests."""
    command = [sys.executable, "-m", "golden.leaks", "--child", scenario.app, path, database.dsn]
    environment = runner.environment(scenario, database)
    root = str(runner.TESTS.parent)
    environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], root])
    ran = subprocess.run(
        command,
        cwd=side,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(ran.stderr[-2000:])
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


async def child(app_path: str, path: str, dsn: str) -> dict[str, Any]:
    """Send the requests to the application in this process, and look at its pools."""
    import httpx
    import psycopg
    from sqlalchemy import Engine

    app = import_app(app_path)
    engines = [found for found in gc.get_objects() if isinstance(found, Engine)]
    for engine in engines:
        engine.pool._timeout = PATIENCE
    gc.disable()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://leaks") as client,
    ):
        asked = [client.get(path, timeout=TIMEOUT) for _ in range(REQUESTS)]
        answers = await asyncio.gather(*asked)
        await asyncio.sleep(0.2)
        out = sum(getattr(engine.pool, "checkedout", int)() for engine in engines)
        with psycopg.connect(dsn) as connection:
            row = connection.execute(
                "select count(*) from pg_stat_activity "
                "where datname = current_database() and state = 'idle in transaction'"
            ).fetchone()
    return {
        "statuses": dict(Counter(str(answer.status_code) for answer in answers)),
        "checked_out": out,
        "idle_in_transaction": row[0] if row else None,
    }


def report(names: list[str]) -> int:
    """Measure every leaking golden (or those of ``names``); 1 where one leaks after."""
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL's server binaries were not found")
        return 2
    failed = 0
    with postgres_server(binaries) as server, tempfile.TemporaryDirectory() as folder:
        for golden in runner.golden_folders():
            scenario = load(golden)
            if names and scenario.name not in names:
                continue
            looked_at = Path(folder) / scenario.name
            if not leaking(runner.copy_application(golden / "before", looked_at)):
                continue
            for path in paths(scenario):
                for side in ("before", "after"):
                    copy = Path(folder) / f"{scenario.name}-{side}{path.replace('/', '-')}"
                    runner.copy_application(scenario.folder / side, copy)
                    try:
                        found = measure(copy, scenario, path, server.database())
                    except subprocess.TimeoutExpired:
                        print(f"{scenario.name} {path} {side}: not done in {TIMEOUT} s", flush=True)
                        failed |= side == "after"
                        continue
                    failed |= side == "after" and found["checked_out"] > 0
                    print(
                        f"{scenario.name} {path} {side}: {found['statuses']}, "
                        f"{found['checked_out']} checked out, "
                        f"{found['idle_in_transaction']} idle in transaction",
                        flush=True,
                    )
    return int(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.stdout.write(json.dumps(asyncio.run(child(*sys.argv[2:5]))) + "\n")
        sys.stdout.flush()
        os._exit(0)  # what leaked would keep the threads of the drivers
    sys.exit(report(sys.argv[1:]))
