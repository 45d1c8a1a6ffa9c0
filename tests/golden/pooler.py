"""A migrated application behind a transaction pooler: PgBouncer between it and PostgreSQL.

Run as ``python -m golden.pooler`` in ``tests`` with the checkout on PYTHONPATH; it needs PgBouncer
and PostgreSQL's binaries. One connection of the server serves many clients in turn, so a statement
that a client prepared is met by others (or missed). For each driver a small application is migrated
twice: once with a URL that tells of the pooler, so that the engine is told to prepare nothing, and
once with that argument taken out again, to show that it was needed. Sixty-four requests each,
eight at a time, fifteen executions of one statement each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from golden import runner
from golden.databases import USER, PostgresServer, find_binaries, postgres_server
from golden.drive import import_app

#: PgBouncer's own port: what tells looplift that there is a pooler.
PORT = 6432
REQUESTS, AT_ONCE = 64, 8
#: Executions of one statement in a request: psycopg prepares it when it comes back often.
REPEATED = 15
#: Seconds that a request may take.
PATIENCE = 5
TIMEOUT = 120
APP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("postgresql+psycopg2://{user}@127.0.0.1:{port}/{name}", pool_size=20)
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/add/{{number}}")
def add(number: int, db: Session = Depends(get_db)):
    total = 0
    for step in range({repeated}):
        total += db.execute(
            text("select cast(:a as integer) + cast(:b as integer)"), {{"a": number, "b": step}}
        ).scalar_one()
        db.commit()
    return {{"total": total}}
"""
REQUIREMENTS = "fastapi\nsqlalchemy>=2.0\npsycopg2-binary\n"
CONFIGURATION = """\
[databases]
* = host=127.0.0.1 port={server} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
unix_socket_dir =
"""
_ARGUMENTS = re.compile(r",?\s*connect_args=\{[^}]*\}")


@contextlib.contextmanager
def pgbouncer(server: PostgresServer) -> Iterator[None]:
    """PgBouncer in front of ``server``, with two connections for all clients."""
    binary = shutil.which("pgbouncer", path=f"/usr/sbin:{os.environ['PATH']}")
    if binary is None:
        raise RuntimeError("pgbouncer was not found")
    folder = Path(tempfile.mkdtemp(prefix="looplift-pooler-"))
    text = CONFIGURATION.format(server=server.port, user=USER, port=PORT, folder=folder)
    (folder / "ini").write_text(text, encoding="utf-8")
    options: dict[str, object] = {}
    if os.getuid() == 0:  # PgBouncer refuses to run as root
        account = pwd.getpwnam("nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
        options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    process = subprocess.Popen([binary, "-q", str(folder / "ini")], **options)  # type: ignore[call-overload]
    try:
        _wait()
        yield
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait() -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", PORT), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("PgBouncer does not answer")


def migrated(folder: Path, name: str, driver: str) -> str:
    """Migrate the application for a database and a driver; gives the text of its module."""
    from codemods.config import Options
    from codemods.passes import all_passes
    from codemods.pipeline import migrate
    from codemods.selection import resolve
    from codemods.source import load

    folder.mkdir()
    app = APP.format(user=USER, port=PORT, name=name, repeated=REPEATED)
    (folder / "main.py").write_text(app, encoding="utf-8")
    (folder / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    options = Options(jobs=1, driver=(("postgresql", driver),))
    return (
        migrate(load(folder), resolve(options, all_passes()).passes, options).after["main.py"].text
    )


async def child() -> dict[str, int]:
    """Send the requests to the application in the working directory."""
    import httpx

    app = import_app("main:app")
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    limit = asyncio.Semaphore(AT_ONCE)

    async def ask(client: httpx.AsyncClient, number: int) -> str:
        async with limit:
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = await client.get(f"/add/{number}")
            except TimeoutError:
                return "no answer"
        right = sum(number + step for step in range(REPEATED))
        if answer.status_code != 200:
            return str(answer.status_code)
        return "right" if answer.json() == {"total": right} else "wrong"

    async with httpx.AsyncClient(transport=transport, base_url="http://pooler") as client:
        answers = await asyncio.gather(*(ask(client, number) for number in range(REQUESTS)))
    return dict(Counter(answers))


def measure(folder: Path, text: str) -> dict[str, int]:
    """What becomes of the requests, with this text of the application."""
    (folder / "main.py").write_text(text, encoding="utf-8")
    root = os.pathsep.join([str(runner.TESTS), str(runner.TESTS.parent)])
    ran = subprocess.run(
        [sys.executable, "-m", "golden.pooler", "--child"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(ran.stderr[-2000:])
    found: dict[str, int] = json.loads(ran.stdout.splitlines()[-1])
    return found


def report() -> int:
    """Compare both forms for each driver; 1 where a request goes wrong with the arguments."""
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL's server binaries were not found")
        return 2
    failed = False
    with (
        postgres_server(binaries) as server,
        tempfile.TemporaryDirectory() as temporary,
        pgbouncer(server),
    ):
        for driver in ("psycopg", "asyncpg"):
            name = server.database().dsn.rpartition("/")[2]
            folder = Path(temporary) / driver
            text = migrated(folder, name, driver)
            told = measure(folder, text)
            bare = measure(folder, _ARGUMENTS.sub("", text))
            print(f"{driver}: with the arguments {told}, without {bare}", flush=True)
            failed |= told != {"right": REQUESTS} or bare == told
    return int(failed)


if __name__ == "__main__":
    if sys.argv[1:] == ["--child"]:
        sys.stdout.write(json.dumps(asyncio.run(child())) + "\n")
        sys.stdout.flush()
        os._exit(0)  # what never came back would keep the loop
    else:
        sys.exit(report())
