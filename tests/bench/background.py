"""What work after the response costs: latency with a slow middleware, and many jobs at once.

Run as ``python -m bench.background`` in ``tests``. An application of one module is written beside
the modules that looplift writes, and served by uvicorn on a loopback port.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from codemods.passes.background_queue import queue
from codemods.plan import keeper

APPLICATION = """\
import asyncio
import os
import resource
import sys
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request

from background_queue import BackgroundQueue, job_queue
from background_tasks import background

job_queue.workers = int(os.environ.get("WORKERS", "8"))
job_queue.maxsize = int(os.environ.get("MAXSIZE", "2000"))
DONE = open(os.environ["DONE"], "a", buffering=1)
running = peak = 0


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with background, job_queue:
        yield
    print("stopped", file=DONE)


app = FastAPI(lifespan=lifespan)


async def job(number: int, seconds: float):
    global running, peak
    running += 1
    peak = max(peak, running)
    try:
        await asyncio.sleep(seconds)
        print(f"job {number}", file=DONE)
    finally:
        running -= 1


async def write(path: str):
    await asyncio.sleep(0.1)
    print(f"task {path}", file=DONE)


async def fail():
    raise RuntimeError("on purpose")


@app.middleware("http")
async def slow(request: Request, call_next):
    response = await call_next(request)
    if request.url.path == "/waiting":
        await write(request.url.path)
    if request.url.path.startswith("/task"):
        await background.run(write(request.url.path), name="write")
    return response


@app.get("/waiting")
async def waiting():
    return {}


@app.get("/task/{number}")
async def task(number: int):
    return {}


@app.post("/job/{number}")
async def add(number: int, queue: BackgroundQueue, seconds: float = 0.005):
    await queue.add_task(job, number, seconds)
    return {}


@app.post("/refused/{number}")
async def refused(number: int, queue: BackgroundQueue):
    await queue.add_task(job, number, 0)
    raise HTTPException(409)


@app.post("/fail")
async def failing(queue: BackgroundQueue):
    await queue.add_task(fail)
    await queue.add_task(job, -1, 0)
    return {}


@app.get("/figures")
async def figures():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "peak": peak,
        "waiting": job_queue.waiting,
        "running": job_queue.running,
        "done": job_queue.done,
        "failed": job_queue.failed,
        "refused": job_queue.refused,
        "mib": used / 1024 if sys.platform != "darwin" else used / 1024 / 1024,
    }
"""

_PORT = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"


@dataclass(frozen=True)
class Served:
    """A running application, and the file to which its jobs write a line each."""

    process: subprocess.Popen[str]
    url: str
    done: Path

    def lines(self, start: str) -> list[str]:
        """The lines of the file that begin with a word."""
        return [line for line in self.done.read_text().splitlines() if line.startswith(start)]

    def stop(self) -> str:
        """Ask the server to stop, as a supervisor does; gives what it has logged."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=60)[0]


@contextlib.contextmanager
def served(folder: Path, **environment: str) -> Iterator[Served]:
    """The application, served by uvicorn."""
    (folder / "main.py").write_text(APPLICATION)
    (folder / "background_queue.py").write_text(queue.TEXT)
    (folder / "background_tasks.py").write_text(keeper.TEXT)
    done = folder / "done.txt"
    done.touch()
    port = subprocess.run(
        [sys.executable, "-c", _PORT], capture_output=True, text=True, check=True
    ).stdout.strip()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", port, "--no-access-log"],
        cwd=folder,
        env=os.environ | {"DONE": str(done), "PYTHONPATH": str(folder)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield Served(process, url, done)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(process.communicate()[0])
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/figures")
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


async def statuses(url: str, paths: list[str], at_once: int = 50) -> list[int]:
    """POST to all paths, some at once; the statuses in their order."""
    limit = asyncio.Semaphore(at_once)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def one(path: str) -> int:
            async with limit:
                return (await client.post(path)).status_code

        return list(await asyncio.gather(*(one(path) for path in paths)))


def last_byte(url: str, path: str, times: int = 20) -> float:
    """The median time to the last byte of an answer, in milliseconds."""
    found = []
    with httpx.Client(base_url=url) as client:
        for _ in range(times):
            begin = time.perf_counter()
            client.get(path).raise_for_status()
            found.append((time.perf_counter() - begin) * 1000)
    return statistics.median(found)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as server:
        print("A middleware that works 100 ms after call_next, time to the last byte:")
        print(f"  awaited         {last_byte(server.url, '/waiting'):7.1f} ms")
        print(f"  as a task       {last_byte(server.url, '/task/1'):7.1f} ms")
        before = httpx.get(f"{server.url}/figures").json()["mib"]
        for rounds in range(1, 4):
            asyncio.run(statuses(server.url, [f"/job/{n}" for n in range(1000)]))
            while (found := httpx.get(f"{server.url}/figures").json())["done"] < 1000 * rounds:
                time.sleep(0.05)
            print(
                f"1000 jobs, round {rounds}: at most {found['peak']} at once, "
                f"largest memory {found['mib']:.1f} MiB ({before:.1f} MiB before)"
            )
        server.stop()
        written = len(server.lines("task")) + len(server.lines("job"))
        print(f"lines written by tasks and jobs: {written}")


if __name__ == "__main__":
    main()
