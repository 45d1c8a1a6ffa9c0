"""What ``streaming-response`` saves: memory and blocked time of one request for a long list.

    python tests/bench/streaming.py                       # SQLite, in a temporary folder
    python tests/bench/streaming.py --url postgresql+psycopg://user:pass@host/db

Prints, before and after the pass, the peak of memory over that of the idle application and the
longest time in which the event loop served nobody. The table ``streamed_rows`` of the database is
dropped and made anew.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

ROWS = 200_000

APPLICATION = """\
import datetime as dt
import os

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ["BENCH_URL"])
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "streamed_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    note: Mapped[str]
    weight: Mapped[float]
    made: Mapped[dt.datetime]


class RowOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    note: str
    weight: float
    made: dt.datetime


async def get_db():
    async with SessionLocal() as db:
        yield db


@app.get("/rows", response_model=list[RowOut])
async def rows(limit_to: int = 10**9, db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(Row).where(Row.id <= limit_to).order_by(Row.id))).all()
"""


def main() -> None:
    """Seed each database, then measure the application before and after the pass."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--url", action="append", default=[], help="a database, with its driver")
    arguments.add_argument("--rows", type=int, default=ROWS)
    arguments.add_argument("--do", choices=["seed", "measure"], help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.do == "seed":
        asyncio.run(_seed(given.rows))
    elif given.do == "measure":
        print(json.dumps(asyncio.run(_measure())))
    else:
        with tempfile.TemporaryDirectory() as folder:
            sqlite = f"sqlite+aiosqlite:///{folder}/rows.db"
            for url in given.url or [sqlite]:
                _compare(url, given.rows, Path(folder))


def _compare(url: str, rows: int, folder: Path) -> None:
    sides = {"before": folder / "before", "after": folder / "after"}
    _write(sides["before"], {"app.py": APPLICATION})
    _write(sides["after"], _migrated())
    _run("seed", sides["before"], url, rows)
    print(f"{url.partition(':')[0]}, {rows} rows")
    seen = set()
    for side, place in sides.items():
        found = json.loads(_run("measure", place, url, rows))
        seen.add((found["status"], found["digest"], found["bytes"]))
        print(
            f"  {side:6}  peak over base {found['peak']:7.1f} MiB   longest block "
            f"{found['block']:6.3f} s   first byte {found['first']:6.3f} s   all "
            f"{found['total']:6.2f} s   {found['bytes'] / 2**20:.1f} MiB of JSON"
        )
    if len(seen) != 1:
        raise SystemExit(f"the answers differ: {seen}")


def _migrated() -> dict[str, str]:
    """The application after the pass."""
    from codemods.config import Options
    from codemods.passes.streaming_response import PASS
    from codemods.pipeline import migrate
    from codemods.source import CodeBase, SourceFile

    before = CodeBase(Path("/nowhere"), {"app.py": SourceFile("app.py", APPLICATION)})
    after = migrate(before, [PASS], Options(jobs=1)).after
    return {path: file.text for path, file in after.files.items()}


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")


def _run(what: str, folder: Path, url: str, rows: int) -> str:
    command = [sys.executable, str(Path(__file__).resolve()), "--do", what, "--rows", str(rows)]
    environment = os.environ | {"BENCH_URL": url, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


async def _seed(rows: int) -> None:
    module: Any = importlib.import_module("app")
    from sqlalchemy import insert

    made = module.dt.datetime(2024, 1, 1)
    async with module.engine.begin() as connection:
        await connection.run_sync(module.Base.metadata.drop_all)
        await connection.run_sync(module.Base.metadata.create_all)
        for start in range(1, rows + 1, 10_000):
            await connection.execute(
                insert(module.Row),
                [
                    {
                        "id": n,
                        "name": f"row {n}",
                        "note": "a note of some length, " * 3,
                        "weight": n / 7,
                        "made": made + module.dt.timedelta(seconds=n),
                    }
                    for n in range(start, min(start + 10_000, rows + 1))
                ],
            )
    await module.engine.dispose()


async def _measure() -> dict[str, float | str]:
    module: Any = importlib.import_module("app")
    await _request(module.app, b"limit_to=2500")  # what is only made once is not counted
    base = _memory()
    _reset_peak()
    ticker = asyncio.create_task(_longest_block())
    await asyncio.sleep(0.05)
    found = await _request(module.app, b"")
    ticker.cancel()
    (block,) = await asyncio.gather(ticker)
    peak = (_peak() - base) / 2**20
    await module.engine.dispose()
    return found | {"peak": peak, "block": block}


async def _longest_block() -> float:
    """The longest time in which this task did not get its turn, until it is cancelled."""
    longest, last = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(0.002)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    except asyncio.CancelledError:
        return longest


async def _request(app: Any, query: bytes) -> dict[str, float | str]:
    """One request straight to the application; the body is counted, not kept."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/rows",
        "raw_path": b"/rows",
        "root_path": "",
        "query_string": query,
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    digest, start = sha256(), time.perf_counter()
    found: dict[str, float | str] = {"status": 0, "bytes": 0, "first": 0.0}
    size = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal size
        if message["type"] == "http.response.start":
            found["status"] = message["status"]
        elif body := message.get("body", b""):
            found["first"] = found["first"] or time.perf_counter() - start
            size += len(body)
            digest.update(body)
        await asyncio.sleep(0)  # as a socket would

    await app(scope, receive, send)
    total = time.perf_counter() - start
    return found | {"bytes": size, "total": total, "digest": digest.hexdigest()}


def _memory() -> int:
    """The resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _reset_peak() -> None:
    """Forget the highest memory so far (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the peak of memory")


if __name__ == "__main__":
    main()
