"""The modules that are written into applications, under a real server."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx

from bench.background import served, statuses


def test_a_shutdown_under_load_loses_no_job_and_no_task(tmp_path: Path) -> None:
    with served(tmp_path, WORKERS="4") as server:
        paths = [f"/job/{number}?seconds=0.2" for number in range(100)]
        accepted = asyncio.run(statuses(server.url, paths))
        tasks = [httpx.get(f"{server.url}/task/{n}").status_code for n in range(5)]
        waiting = httpx.get(f"{server.url}/figures").json()["waiting"]
        log = server.stop()
        assert waiting > 0, "nothing was waiting when the server was told to stop"
        assert accepted.count(200) == len(server.lines("job")) == 100
        assert tasks.count(200) == len(server.lines("task")) == 5
        assert server.lines("stopped") == ["stopped"]
        assert "ERROR" not in log and "Traceback" not in log


def test_a_failing_job_is_logged_once_and_ends_those_of_its_request(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert httpx.post(f"{server.url}/fail").status_code == 200
        assert _figures(server.url, "failed", 1)["failed"] == 1
        log = server.stop()
        assert log.count("RuntimeError: on purpose") == 1
        assert not server.lines("job")


def test_a_full_queue_answers_503_before_the_path_operation(tmp_path: Path) -> None:
    with served(tmp_path, WORKERS="1", MAXSIZE="5") as server:
        found = asyncio.run(
            statuses(server.url, [f"/job/{number}?seconds=0.2" for number in range(40)])
        )
        accepted, refused = found.count(200), found.count(503)
        assert accepted + refused == 40
        assert accepted >= 5
        assert refused
        answer = next(a for a in _until_full(server.url) if a.status_code == 503)
        assert answer.headers["retry-after"] == "1"
        server.stop()
        jobs = server.lines("job")
        assert len(jobs) >= accepted


def test_an_answer_with_an_error_adds_no_job(tmp_path: Path) -> None:
    with served(tmp_path, MAXSIZE="3") as server:
        found = asyncio.run(statuses(server.url, [f"/refused/{n}" for n in range(20)], at_once=1))
        # each gives its place back: with three of them, twenty in turn all have one
        assert found == [409] * 20
        server.stop()
        assert not server.lines("job")


def test_a_thousand_jobs_run_a_few_at_once(tmp_path: Path) -> None:
    with served(tmp_path, WORKERS="5") as server:
        found = asyncio.run(statuses(server.url, [f"/job/{number}" for number in range(1000)]))
        assert found == [200] * 1000
        figures = _figures(server.url, "done", 1000)
        assert figures["peak"] <= 5
        first = figures["mib"]
        asyncio.run(statuses(server.url, [f"/job/{number}" for number in range(1000)]))
        second = _figures(server.url, "done", 2000)["mib"]
        assert second - first < 20, f"{first} MiB after the first thousand, {second} after the next"


def _figures(url: str, name: str, least: int) -> dict[str, float]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found: dict[str, float] = httpx.get(f"{url}/figures").json()
        if found[name] >= least:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{name} is {found[name]}, not {least}")


def _until_full(url: str) -> list[httpx.Response]:
    with httpx.Client(base_url=url) as client:
        return [client.post(f"/job/{n}?seconds=0.5") for n in range(20)]
