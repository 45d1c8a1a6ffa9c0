"""Jobs of queues, pools and executors that share services with path operations."""

from __future__ import annotations

from pathlib import Path

import pytest
from providers_app import colours, migrated
from suites import flipped, passing
from test_own_loops import APPLICATION, CONFTEST

JOBS = """\
import service
from database import SessionLocal


def job(name: str) -> int:
    with SessionLocal() as db:
        return service.add(db, name).id
"""
TEST = """\
from fastapi.testclient import TestClient

import service
from database import SessionLocal
from main import app


def test_job():
    with TestClient(app) as client:
        assert client.post("/send", params={"name": "one"}).json() == 1
        assert client.get("/items").json() == ["one"]
    with SessionLocal() as db:
        assert service.names(db) == ["one"]
"""
SPAWN = 'multiprocessing.get_context("spawn")'
#: What the path operation does with the job, and whether that one becomes native.
HANDED = {
    "submit": (
        "with ThreadPoolExecutor(1) as pool:\n        return pool.submit(jobs.job, name).result()",
        True,
    ),
    "map of processes": (
        f"with ProcessPoolExecutor(1, mp_context={SPAWN}) as pool:\n"
        "        return list(pool.map(jobs.job, [name]))[0]",
        True,
    ),
    "a pool": (
        f"with {SPAWN}.Pool(1) as pool:\n        return pool.apply(jobs.job, (name,))",
        True,
    ),
    "a process of a context": (
        f"process = {SPAWN}.Process(target=jobs.job, args=(name,))\n"
        "    process.start()\n    process.join()\n    return 1",
        True,
    ),
    "somebody unknown": (
        "return hand_on(jobs.job, name)\n\n\ndef hand_on(function, *args):\n"
        "    with ThreadPoolExecutor(1) as pool:\n"
        "        return pool.submit(function, *args).result()",
        False,
    ),
}


@pytest.mark.parametrize(("sent", "native"), HANDED.values(), ids=HANDED)
def test_a_job_of_a_pool_or_an_executor(sent: str, native: bool, tmp_path: Path) -> None:
    main = f"""\
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import jobs

{APPLICATION["main.py"]}

@app.post("/send")
def send(name: str) -> int:
    {sent}
"""
    files = {**APPLICATION, "conftest.py": CONFTEST, "main.py": main, "jobs.py": JOBS}
    files["test_job.py"] = TEST
    assert passing(files, tmp_path / "before") == 1
    after = flipped(files)
    assert ("return asyncio.run(run())" in after["jobs.py"]) is native
    assert passing(after, tmp_path / "after") == 1


HUEY = """
from huey import MemoryHuey

huey = MemoryHuey("app"{})


def count(db: Session) -> int:
    return db.scalar(text("select 1"))


@huey.task()
def tally(times: int) -> int:
    with SessionLocal() as db:
        return count(db) * times


@app.get("/")
def read(db: Session = Depends(get_db)):
    {}
    return count(db)
"""


@pytest.mark.parametrize(
    ("arguments", "call", "treatment"),
    [
        ("", "tally(2)", "native"),
        ("", "tally.schedule((2,), delay=1)", "native"),
        # These run the task here.
        ("", "tally.call_local(2)", "left"),
        (", immediate=True", "tally(2)", "bridged"),
    ],
)
def test_a_call_of_a_task_of_huey_only_sends_it(arguments: str, call: str, treatment: str) -> None:
    migration = migrated(HUEY.format(arguments, call))
    assert colours(migration)["tally"] == treatment
    text = migration.after["app.py"].text
    assert f"    {call}\n" in text or treatment == "bridged"


RQ = """
from rq import Queue, Callback, SimpleWorker

queue = Queue(connection=None)


def count(db: Session) -> int:
    return db.scalar(text("select 1"))


def tally(times: int) -> int:
    with SessionLocal() as db:
        return count(db) * times


@app.get("/")
def read(db: Session = Depends(get_db)):
    {}
    return count(db)
"""
WORKED = """
from app import SessionLocal, count, queue
from rq import {worker}


def run():
    {worker}([queue]).work(burst=True)


def test_worked():
    with SessionLocal() as db:
        assert count(db) == 1
    run()
"""


@pytest.mark.parametrize(
    ("sent", "native"),
    [
        ("queue.enqueue(tally, 2)", True),
        ("queue.enqueue(f=tally, args=(2,))", True),
        ("queue.enqueue_many([Queue.prepare_data(tally, (2,))])", True),
        ("queue.enqueue(print, on_success=Callback(tally))", True),
        # An argument of the job, which is no job itself.
        ("queue.enqueue(print, func=tally)", False),
    ],
)
def test_jobs_of_rq(sent: str, native: bool) -> None:
    assert (colours(migrated(RQ.format(sent)))["tally"] == "native") is native


@pytest.mark.parametrize(("worker", "native"), [("Worker", True), ("SimpleWorker", False)])
def test_a_worker_that_runs_jobs_on_the_loop_of_a_test(worker: str, native: bool) -> None:
    body = RQ.format("queue.enqueue(tally, 2)")
    migration = migrated(body, test_app=WORKED.format(worker=worker))
    assert (colours(migration)["tally"] == "native") is native
