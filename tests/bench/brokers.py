"""The queues of ``--queue`` against real servers: nothing lost, nothing twice, in order.

Run as ``python -m bench.brokers taskiq`` (or ``procrastinate``) in ``tests``. It starts Redis
(``redis-server``) or PostgreSQL (``initdb``, ``postgres``) for itself, and needs the packages that
the migrated application needs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
from golden.databases import find_binaries, postgres_server

from codemods.config import Options
from codemods.passes.background_queue import PASS
from codemods.passes.background_queue.brokers import BROKERS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

APPLICATION = """\
import asyncio
import os

from fastapi import BackgroundTasks, FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    number: int


def note(text: str):
    with open(os.environ["DONE"], "a") as file:
        file.write(text + "\\n")


async def later(number: int, seconds: float = 0.01):
    await asyncio.sleep(seconds)
    note(f"second {number}")


def fail(number: int):
    raise ValueError(number)


@app.post("/orders")
async def create(order: Order, tasks: BackgroundTasks):
    tasks.add_task(note, f"first {order.number}")
    tasks.add_task(later, order.number, seconds=0.01)
    if order.number < 0:
        raise HTTPException(400, "negative")
    return order


@app.post("/fail")
async def failing(order: Order, tasks: BackgroundTasks):
    tasks.add_task(fail, order.number)
    tasks.add_task(note, "never")
    return order
"""
ORDERS = 300
MAXSIZE = 20


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[dict[str, str]]:
    """A Redis for this run alone; the environment by which the application finds it."""
    port = str(free_port())
    command = ["redis-server", "--port", port, "--save", "", "--dir", str(folder)]
    with process(command, os.environ):
        time.sleep(1)
        yield {"JOBS_REDIS_URL": f"redis://127.0.0.1:{port}/0"}


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[dict[str, str]]:
    """A PostgreSQL for this run alone."""
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL's binaries (initdb, postgres) were not found")
    with postgres_server(binaries) as server:
        yield {"JOBS_DATABASE_URL": server.database().dsn}


SERVERS = {"taskiq": redis_server, "procrastinate": postgresql}


@contextlib.contextmanager
def process(
    command: list[str], environment: Mapping[str, str], folder: Path | None = None
) -> Iterator[None]:
    """A process that is ended with the block."""
    started = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        _end(started)


def _end(started: subprocess.Popen[bytes]) -> None:
    """End a process as a supervisor does: ask, and wait ten seconds; a worker has to heed that."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGTERM)
    try:
        started.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait(10)
        raise


def write(kind: str, folder: Path) -> None:
    """The application, migrated; its queue takes fewer jobs than by default."""
    code = CodeBase(Path("/nowhere"), {"main.py": SourceFile("main.py", APPLICATION)})
    migration = migrate(code, [PASS], Options(jobs=1, queue=kind))
    for path, file in migration.after.files.items():
        small = file.text.replace("maxsize: int = 1000", f"maxsize: int = {MAXSIZE}")
        # What a worker took and did not finish is taken again after seconds, not ten minutes.
        soon = small.replace("idle_timeout=600_000", "idle_timeout=5_000")
        (folder / path).write_text(soon)


@contextlib.contextmanager
def serving(folder: Path, environment: Mapping[str, str]) -> Iterator[httpx.Client]:
    """The application behind uvicorn, and a client for it."""
    port = str(free_port())
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", port]
    with (
        process(command, environment, folder),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        wait(lambda: reached(client), "the application")
        yield client


def reached(client: httpx.Client) -> bool:
    """Whether the application answers."""
    try:
        return client.get("/openapi.json").status_code == 200
    except httpx.TransportError:
        return False


def wait(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            sys.exit(f"{what}: not there after {seconds:.0f} s")
        time.sleep(0.1)


def worker(kind: str) -> list[str]:
    """The command of the summary, without the preparation."""
    command = BROKERS[kind].commands[-1].format(module="background_queue").split()
    return [f"{Path(sys.executable).parent}/{command[0]}", *command[1:]]


def run(kind: str) -> None:
    """Serve, refuse, work off, and compare what was accepted with what was done."""
    with tempfile.TemporaryDirectory() as name, SERVERS[kind](Path(name)) as found:
        folder = Path(name)
        log = folder / "done.txt"
        log.touch()
        environment = {**os.environ, **found, "DONE": str(log), "PYTHONPATH": name}
        write(kind, folder)
        for command in BROKERS[kind].commands[:-1]:
            words = command.format(module="background_queue").split()
            words[0] = f"{Path(sys.executable).parent}/{words[0]}"
            subprocess.run(words, cwd=folder, env=environment, check=True, capture_output=True)

        def lines() -> list[str]:
            return log.read_text().splitlines()

        accepted: list[int] = []
        refused = 0
        with serving(folder, environment) as client:
            while True:  # nobody works yet
                answer = client.post("/orders", json={"number": len(accepted)})
                if answer.status_code == 503:
                    assert answer.headers["retry-after"] == "1"
                    break
                accepted.append(len(accepted))
            before = len(accepted)
            with process(worker(kind), environment, folder):
                wait(lambda: len(lines()) == 2 * before, "what waited for a worker")
                assert client.post("/orders", json={"number": -1}).status_code == 400
                assert client.post("/fail", json={"number": 0}).status_code == 200
                while len(accepted) < ORDERS:
                    answer = client.post("/orders", json={"number": len(accepted)})
                    if answer.status_code == 503:
                        refused += 1
                        time.sleep(0.05)
                    else:
                        accepted.append(len(accepted))
        # The application has gone, and so has the worker: another one takes what is left.
        left = 2 * len(accepted) - len(lines())
        with (
            process(worker(kind), environment, folder),
            serving(folder, environment) as client,
        ):
            time.sleep(6)  # taskiq looks for what another worker took when a new job comes
            assert client.post("/orders", json={"number": len(accepted)}).status_code == 200
            accepted.append(len(accepted))
            wait(lambda: len(lines()) >= 2 * len(accepted), "what the first worker left")
            time.sleep(1)
        report(kind, accepted, lines(), before, refused, left)


def report(
    kind: str, accepted: list[int], lines: list[str], before: int, refused: int, left: int
) -> None:
    """Print the figures; end with an error where a job is missing, twice or out of order."""
    expected = Counter(f"{job} {number}" for number in accepted for job in ("first", "second"))
    place = {line: index for index, line in enumerate(lines)}
    disordered = sum(place[f"first {n}"] > place[f"second {n}"] for n in accepted)
    print(
        f"{kind}: {before} requests accepted without a worker, then 503; {len(accepted)} in all, "
        f"{refused} more refused; {len(lines)} jobs done, {left} of them when the application "
        f"had gone; out of order {disordered}"
    )
    # The place of the request before may be counted twice: kept, and at the broker already.
    if Counter(lines) != expected or disordered or before not in (MAXSIZE - 1, MAXSIZE):
        sys.exit(f"missing {expected - Counter(lines)}, too many {Counter(lines) - expected}")


def main() -> None:
    """Try the queues that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queues", nargs="+", choices=sorted(SERVERS))
    for kind in parser.parse_args().queues:
        run(kind)


if __name__ == "__main__":
    main()
