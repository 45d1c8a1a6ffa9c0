"""Each detector has a planted fault that it must catch, and stays silent without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from . import runner
from .databases import Database, sqlite_database
from .runner import Run, SuiteRun
from .scenario import Request, Scenario

APP = """
import asyncio
import gc
import logging
import os
import threading
import time
import traceback
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from sqlalchemy import ForeignKey, create_engine, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

url = os.environ["DATABASE_URL"]
engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"))
sync_engine = create_engine(url)
new_session = async_sessionmaker(engine, expire_on_commit=False)
kept = []


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("items.id"))
    children: Mapped[list["Item"]] = relationship()


@asynccontextmanager
async def lifespan(app):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_db():
    async with new_session() as db:
        yield db


@app.post("/items", status_code=201)
async def create(name: str, db: AsyncSession = Depends(get_db)):
    item = Item(name=name)
    db.add(item)
    await db.commit()
    return {"name": item.name}


@app.get("/items")
async def names(db: AsyncSession = Depends(get_db)):
    items = (await db.scalars(select(Item))).all()
    # PLANT
    return [item.name for item in items]


@app.get("/threaded")
def threaded():
    with sync_engine.connect() as connection:
        return connection.execute(text("select count(*) from items")).scalar()
"""

SUITE = """
import asyncio

from app import create, get_db


async def answer():
    return False


def test_answer():
    assert asyncio.run(answer()) is False
"""

Start = Callable[..., Run]


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return Scenario(
        name="planted",
        folder=tmp_path,
        description="",
        app="app:app",
        blocks_before=False,
        environment={"DATABASE_URL": "{database_url}"},
        requests=(
            Request("POST", "/items", status=201, query={"name": "one"}),
            Request("GET", "/items"),
            Request("GET", "/threaded"),
        ),
    )


@pytest.fixture
def start(tmp_path: Path, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Run the application with ``old`` replaced by ``new``; without arguments as it is."""
    numbers = iter(range(10))
    # The process reads a scenario from its folder; here it is given as it is.
    write_scenario(tmp_path, scenario)

    def run(old: str = "", new: str = "", used: Scenario = scenario) -> Run:
        work = tmp_path / f"run{next(numbers)}"
        folder = work / "app"
        folder.mkdir(parents=True)
        assert not old or APP.count(old) == 1
        (folder / "app.py").write_text(APP.replace(old, new) if old else APP)
        write_scenario(tmp_path, used)
        return runner.run(folder, used, database(work), work)

    return run


def write_scenario(folder: Path, scenario: Scenario) -> None:
    lines = ['description = "planted"', 'app = "app:app"', "blocks_before = false"]
    lines += [f"server = {str(scenario.server).lower()}"]
    for request in scenario.requests:
        lines += ["[[request]]", f"method = '{request.method}'", f"path = '{request.path}'"]
        lines += [f"status = {request.status}"]
        lines += [f"query = {{ name = '{request.query['name']}' }}"] if request.query else []
    (folder / "scenario.toml").write_text("\n".join(lines))


def database(work: Path) -> Database:
    return sqlite_database(work / "items.sqlite")


def plant(code: str) -> tuple[str, str]:
    return "    # PLANT\n", "".join(f"    {line}\n" for line in code.strip().splitlines())


def only_trouble(run: Run, scenario: Scenario) -> str:
    return "\n".join(runner.troubles(run, scenario, migrated=True))


@pytest.mark.parametrize("server", [False, True], ids=["in-process", "server"])
def test_silent_without_a_fault(start: Start, scenario: Scenario, server: bool) -> None:
    used = replace(scenario, server=server)
    one, two = start(used=used), start(used=used)
    assert runner.troubles(one, used, migrated=True) == []
    assert runner.differences(one, two, used) == []
    assert one.tables == {"items": (("id", "name", "parent_id"), [("1", "'one'", "None")])}
    assert one.transcript["statements"]["request 1"] == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(("    await db.commit()", "    db.commit()"), "never awaited", id="await"),
        pytest.param(
            plant("knot = [names(db)]\nknot.append(knot)\ndel knot"),
            "never awaited in request 1",
            id="await-lost-in-a-cycle",
        ),
        pytest.param(
            plant("try:\n    items[0].children\nexcept SQLAlchemyError:\n    pass"),
            "missing greenlet in request 1",
            id="swallowed-missing-greenlet",
        ),
        pytest.param(
            plant("with sync_engine.connect() as c:\n    c.execute(text('select 1'))"),
            "sync statements on the event loop: {'request 1 (GET /items)': 1}, at {'app.py",
            id="sync-driver-on-the-loop",
        ),
        pytest.param(
            plant("await db.run_sync(lambda s: sync_engine.connect().execute(text('select 1')))"),
            "sync statements on the event loop",
            id="sync-driver-inside-run-sync",
        ),
        pytest.param(
            plant("kept.append(new_session())\nawait kept[0].execute(text('select 1'))"),
            "leaked connection: 1 checked out",
            id="kept-session",
        ),
        pytest.param(
            plant("lost = new_session()\nawait lost.execute(text('select 1'))\ndel lost"),
            "leaked connection in request 1",
            id="lost-session",
        ),
        pytest.param(
            plant("logging.getLogger('app').error('it broke')"),
            "error in the log in request 1 (GET /items): app: it broke",
            id="logged-error",
        ),
        pytest.param(
            plant(
                "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.debug('', exc_info=True)\n"
                "    logging.warning('odd', exc_info=True)"
            ),
            "ZeroDivisionError",
            id="logged-traceback",
        ),
        pytest.param(
            plant("try:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()"),
            "error in the log in request 1",
            id="printed-traceback",
        ),
        pytest.param(
            plant(
                "async def fail(): raise ValueError('in a task')\n"
                "asyncio.create_task(fail())\nawait asyncio.sleep(0)"
            ),
            "Task exception was never retrieved",
            id="task-exception",
        ),
        pytest.param(
            plant("thread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()"),
            "ZeroDivisionError",
            id="exception-in-a-thread",
        ),
        pytest.param(
            plant("class Bad:\n    def __del__(self): 1 / 0\nBad()"),
            "ZeroDivisionError",
            id="exception-in-a-destructor",
        ),
        pytest.param(plant("1 / 0"), "answered 500, the scenario expects 200", id="status"),
        pytest.param(plant("1 / 0"), "ZeroDivisionError", id="unhandled-exception"),
        pytest.param(
            ("    await engine.dispose()", "    raise ValueError('at the end')"),
            "at the end",
            id="failing-shutdown",
        ),
    ],
)
def test_caught(start: Start, scenario: Scenario, fault: tuple[str, str], expected: str) -> None:
    assert expected in only_trouble(start(*fault), scenario)


def test_process_that_does_not_end(
    start: Start, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 1)
    run = start(*plant("threading.Thread(target=time.sleep, args=(20,)).start()"))
    assert "does not end" in only_trouble(run, scenario)


def test_application_that_does_not_start(start: Start, scenario: Scenario) -> None:
    run = start("app = FastAPI(", "app = Fast(")
    assert "stopped in import" in only_trouble(run, scenario)


def test_meant_errors_are_allowed_where_the_scenario_says_so(
    start: Start, scenario: Scenario
) -> None:
    run = start(*plant("logging.error('as always')"))
    create, read, threaded = scenario.requests
    meant = replace(scenario, requests=(create, replace(read, logs_errors=True), threaded))
    assert runner.troubles(run, meant, migrated=True) == []


def test_a_missing_greenlet_is_never_meant(start: Start, scenario: Scenario) -> None:
    run = start(*plant("items[0].children"))
    create, read, threaded = scenario.requests
    meant = replace(scenario, requests=(create, replace(read, status=500), threaded))
    assert "missing greenlet" in only_trouble(run, meant)


def test_blocking_before_is_verified_both_ways(start: Start, scenario: Scenario) -> None:
    clean = start()
    blocking = start(*plant("with sync_engine.connect() as c:\n    c.execute(text('select 1'))"))
    blocks = replace(scenario, blocks_before=True)
    assert runner.troubles(clean, scenario, migrated=False) == []
    assert runner.troubles(blocking, blocks, migrated=False) == []
    [blind] = runner.troubles(clean, blocks, migrated=False)
    assert "no sync statement ran on the event loop" in blind
    [wrong] = runner.troubles(blocking, scenario, migrated=False)
    assert "blocks_before is false" in wrong


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            plant("await db.execute(text('select 1'))"),
            "GET /items: more statements, 2 after, 1 before",
            id="extra-statement",
        ),
        pytest.param(
            ("item.name for item", "item.name.upper() for item"),
            "GET /items is answered differently",
            id="body",
        ),
        pytest.param(
            ("    item = Item(name=name)", "    item = Item(name=name, parent_id=7)"),
            "rows differ:\n--- items before",
            id="rows",
        ),
        pytest.param(('"/items", status_code=201', '"/items"'), "POST /items", id="status"),
        pytest.param(
            ("    return [item", "    return Response('[\"one\"]') if 1 else [item"),
            "-content-type: application/json",
            id="content-type",
        ),
    ],
)
def test_difference_is_caught(
    start: Start, scenario: Scenario, change: tuple[str, str], expected: str
) -> None:
    old, new = change
    changed = start(old, new.replace("Response(", "__import__('fastapi').Response("))
    assert expected in "\n".join(runner.differences(start(), changed, scenario))


def test_extra_statements_may_be_named(start: Start, scenario: Scenario) -> None:
    changed = start(*plant("await db.execute(text('select 1'))"))
    create, read, threaded = scenario.requests
    named = replace(read, extra_statements=1, extra_statements_reason="why not")
    used = replace(scenario, requests=(create, named, threaded))
    assert runner.differences(start(), changed, used) == []


def test_ignored_values_still_have_a_type(scenario: Scenario) -> None:
    def answered(body: str) -> Run:
        exchanges = [[{"status": 200, "headers": [], "body": body}]]
        return Run({"exchanges": exchanges, "statements": {}}, {})

    used = replace(scenario, requests=(Request("GET", "/"),), ignore=("**.at",))
    one = answered('[{"at": "2024", "x": 1.0}]')
    assert runner.differences(one, answered('[{"at": "2025", "x": 1.0}]'), used) == []
    assert runner.differences(one, answered('[{"at": null, "x": 1.0}]'), used)
    assert runner.differences(one, answered('[{"at": "2024", "x": 1.00}]'), used)


def test_ignored_columns_still_have_a_type(scenario: Scenario) -> None:
    def left(value: str) -> Run:
        return Run({"exchanges": [], "statements": {}}, {"items": (("id", "at"), [("1", value)])})

    used = replace(scenario, ignore_columns=("*.at",))
    assert runner.differences(left("'2024'"), left("'2025'"), used) == []
    assert runner.differences(left("datetime(2024)"), left("datetime(2025)"), used) == []
    assert runner.differences(left("'2024'"), left("None"), used)
    assert runner.differences(left("1"), left("2"), replace(scenario, ignore_columns=("x.at",)))


def run_suite(folder: Path, scenario: Scenario, text: str) -> SuiteRun:
    (folder / "tests").mkdir(parents=True)
    (folder / "app.py").write_text(APP)
    (folder / "tests" / "test_app.py").write_text(text)
    return runner.run_suite(folder, scenario, database(folder), folder / "work")


def test_suite_without_a_fault(tmp_path: Path, scenario: Scenario) -> None:
    suite = run_suite(tmp_path / "a", scenario, SUITE)
    assert suite.passed == {"tests/test_app.py::test_answer"}
    assert runner.suite_troubles(suite, suite) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "assert asyncio.run(answer()) is False",
            "assert answer()",
            "coroutine 'answer' was never awaited",
            id="assertion-on-a-coroutine",
        ),
        pytest.param(
            "assert asyncio.run(answer()) is False",
            "knot = [answer()]; knot.append(knot); assert knot[0]",
            "coroutine 'answer' was never awaited",
            id="assertion-on-a-coroutine-in-a-cycle",
        ),
        pytest.param("is False", "is True", "1 failed", id="failing-test"),
        pytest.param("def test_answer", "def other", "the suite of after fails", id="no-tests"),
        pytest.param(
            "def test_answer", "def test_other", "tests that no longer pass", id="lost-test"
        ),
    ],
)
def test_suite_fault_is_caught(
    tmp_path: Path, scenario: Scenario, old: str, new: str, expected: str
) -> None:
    before = run_suite(tmp_path / "before", scenario, SUITE)
    after = run_suite(tmp_path / "after", scenario, SUITE.replace(old, new))
    assert expected in "\n".join(runner.suite_troubles(before, after))
    assert after.exit_code or expected == "tests that no longer pass"
