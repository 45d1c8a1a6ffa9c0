"""Applications that are served: many requests at once, and how long the loop stood still."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from codemods.source import CodeBase


@dataclass(frozen=True)
class Served:
    """What came back, how long it took, and the longest time in which the loop did nothing else."""

    answers: list[tuple[int, Any]]
    seconds: float
    stood_still: float


@contextmanager
def application(codebase: CodeBase, folder: Path) -> Iterator[Any]:
    """``app.py`` of a code base, imported from ``folder``; its modules are forgotten afterwards."""
    for path, file in codebase.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(file.text, "utf-8")
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        name = f"application_{uuid.uuid4().hex}"
        spec = importlib.util.spec_from_file_location(name, folder / "app.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(folder))
        for other in set(sys.modules) - before:
            if str(getattr(sys.modules[other], "__file__", "")).startswith(str(folder)):
                del sys.modules[other]


def serve(module: Any, path: str, times: int, method: str = "GET", **options: Any) -> Served:
    """Ask ``times`` times at once; ``{index}`` in the path counts."""

    async def ask(client: httpx.AsyncClient, index: int) -> tuple[int, Any]:
        answer = await client.request(method, path.replace("{index}", str(index)), **options)
        return answer.status_code, answer.json() if answer.content else None

    async def everything() -> Served:
        transport = httpx.ASGITransport(module.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await _watched(lambda: asyncio.gather(*(ask(client, i) for i in range(times))))

    return asyncio.run(everything())


async def _watched(work: Callable[[], Awaitable[list[tuple[int, Any]]]]) -> Served:
    longest = 0.0

    async def pulse() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    task = asyncio.ensure_future(pulse())
    started = time.perf_counter()
    answers = await work()
    seconds = time.perf_counter() - started
    await asyncio.sleep(0)
    task.cancel()
    return Served(list(answers), seconds, longest)
