"""An engine kept in both colours: its limits, its events, and who may import it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import shop

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.passes.async_session.engine.pools import Limits, share_out, with_limits
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

OLD = 'create_engine("postgresql+psycopg2://user@db/shop")'

#: A path operation that has to stay sync, for nobody knows what its decorator does.
SYNC_ROUTE = """

from somewhere import measured


@app.get("/count")
@measured
def count():
    with SessionLocal() as db:
        return len(db.scalars(select(Item)).all())
"""
#: A worker has a process of its own.
WORKER = SYNC_ROUTE.replace('@app.get("/count")\n', "")


def _flip(engine: str, more: str, **files: str) -> Migration:
    text = shop.APPLICATION.replace(OLD, engine).replace(
        "create_engine, select", "create_engine, event, select"
    )
    texts = {"main.py": "import os\n\n" + text + more, **files}
    sources = {path: SourceFile(path, text) for path, text in texts.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1))


def _engines(migration: Migration) -> dict[str, ast.Call]:
    tree = ast.parse(migration.after["main.py"].text)
    return {
        ast.unparse(node.targets[0]): node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    }


def _limit(call: ast.Call) -> int:
    """What SQLAlchemy makes of the arguments."""
    given = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg != "connect_args"}
    return int(given.get("pool_size", 5)) + int(given.get("max_overflow", 10))


ENGINES = {
    "the defaults": (OLD, 15),
    "both are given": (OLD[:-1] + ", pool_size=20, max_overflow=0)", 20),
    "one is given, over several lines": (
        OLD.replace('("', '(\n    "').replace('")', '",\n    pool_size=2,\n)'),
        12,
    ),
    "two connections": (OLD[:-1] + ", pool_size=1, max_overflow=1)", 2),
    "the URL comes from outside": ('create_engine(os.environ["URL"], pool_size=8)', 18),
}


@pytest.mark.parametrize("name", ENGINES)
def test_two_engines_of_one_process_stay_within_the_limit_of_the_one(name: str) -> None:
    source, limit = ENGINES[name]
    migration = _flip(source, SYNC_ROUTE)
    engines = _engines(migration)
    limits = [_limit(engines["engine"]), _limit(engines["sync_engine"])]
    assert sum(limits) == limit
    assert min(limits) >= 1
    assert limits[0] >= limits[1]


#: A function that stays sync: nobody knows what its decorator does.
COUNT = WORKER.replace("\n\nfrom", "from", 1)
IN_THE_SERVICE = {
    "a thread that the start begins": """
import threading

@app.on_event("startup")
def start():
    threading.Thread(target=count, daemon=True).start()
""",
    "a scheduler in the background": """
from apscheduler.schedulers.background import BackgroundScheduler

scheduler = BackgroundScheduler()
scheduler.add_job(count, "interval", hours=1)
""",
    "a background task": """
from fastapi import BackgroundTasks

@app.post("/count")
def later(tasks: BackgroundTasks):
    tasks.add_task(count)
""",
    "a middleware": """
@app.middleware("http")
async def counted(request, call_next):
    count()
    return await call_next(request)
""",
    "what is done at import": """
count()
""",
    "a library that gets the engine": """
from sqladmin import Admin

admin = Admin(app, engine)
""",
}


@pytest.mark.parametrize("name", IN_THE_SERVICE)
def test_whatever_the_service_runs_shares_the_limit(name: str) -> None:
    engines = _engines(_flip(OLD, COUNT + IN_THE_SERVICE[name]))
    limits = [_limit(engines["engine"]), _limit(engines["sync_engine"])]
    assert sum(limits) == 15


ELSEWHERE = {
    "a worker": "",
    "a task of Celery": """
from celery import Celery

celery = Celery()


@celery.task
def task():
    return count()


@app.post("/task")
def enqueue():
    task.delay()
""",
    "a command": """
import typer

cli = typer.Typer()


@cli.command()
def command():
    print(count())


if __name__ == "__main__":
    count()
""",
    "a process": """
from multiprocessing import Process


@app.on_event("startup")
def start():
    Process(target=count).start()
""",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_another_process_keeps_the_limit(name: str) -> None:
    engines = _engines(_flip(OLD, COUNT + ELSEWHERE[name]))
    assert _limit(engines["engine"]) == _limit(engines["sync_engine"]) == 15


def test_a_script_that_the_service_does_not_import_keeps_the_limit() -> None:
    script = "import threading\nfrom main import count\nthreading.Thread(target=count).start()\n"
    engines = _engines(_flip(OLD, COUNT, **{"script.py": script}))
    assert _limit(engines["engine"]) == _limit(engines["sync_engine"]) == 15


@pytest.mark.parametrize(
    ("others", "is_shared"),
    [
        ({"requirements.txt": "sqlalchemy\npsycopg2-binary\n"}, True),
        ({"requirements.txt": "sqlalchemy\n"}, False),
        (
            {
                "requirements.txt": "sqlalchemy\npsycopg2-binary\n",
                "tests/conftest.py": 'import os\n\nos.environ["URL"] = "sqlite://"\n',
            },
            False,
        ),
    ],
)
def test_a_url_from_outside(others: dict[str, str], is_shared: bool) -> None:
    engines = _engines(_flip('create_engine(os.environ["URL"])', SYNC_ROUTE, **others))
    given = {keyword.arg for keyword in engines["sync_engine"].keywords}
    assert ("pool_size" in given) is is_shared


def test_what_disposes_of_the_engine_disposes_of_both() -> None:
    end = '\n\n@app.on_event("shutdown")\ndef end():\n    engine.dispose()\n'
    text = _flip(OLD, SYNC_ROUTE + end).after["main.py"].text
    assert "    await engine.dispose()\n    sync_engine.dispose()\n" in text
    assert " sync_engine" not in _flip(OLD, end).after["main.py"].text


NOTED = {
    "one connection can't be shared out": OLD[:-1] + ", pool_size=1, max_overflow=0)",
    "the limit is not written out": OLD[:-1] + ', pool_size=int(os.environ["N"]))',
    "the pool may be another one": 'create_engine(os.environ["URL"])',
}


@pytest.mark.parametrize("name", NOTED)
def test_otherwise_there_is_a_note(name: str) -> None:
    migration = _flip(NOTED[name], SYNC_ROUTE)
    notes = [d.action for d in migration.runs[0].outcome.decisions if d.treatment == "note"]
    assert sum("with a pool of its own" in note for note in notes) == 1
    assert "sync_engine" in _engines(migration)


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("overflow", range(0, 25, 4))
def test_nothing_is_lost_in_sharing_out(size: int, overflow: int) -> None:
    shared = share_out(Limits(size, overflow))
    if size + overflow == 1:
        assert shared is None
        return
    assert shared is not None
    assert sum(limits.all for limits in shared) == size + overflow
    assert all(limits.size >= 1 and limits.overflow >= 0 for limits in shared)


def test_limits_are_put_into_any_layout() -> None:
    limits = Limits(2, 3)
    for source in ("f(url)", "f(url, pool_size=9)", 'f(\n    "ä", max_overflow=7, pool_size=9,\n)'):
        call = ast.parse(with_limits(source, limits), mode="eval").body
        assert isinstance(call, ast.Call)
        assert {k.arg: ast.literal_eval(k.value) for k in call.keywords} == limits.keywords()


EVENTS = {
    "a decorator": """
@event.listens_for(engine, "connect")
def connected(connection, record):
    connection.autocommit = False
""",
    "a call": """
def connected(connection, record):
    connection.autocommit = False


event.listen(engine, "connect", connected)
""",
}


@pytest.mark.parametrize("name", EVENTS)
def test_what_listens_to_the_engine_listens_to_both(name: str) -> None:
    text = _flip(OLD, EVENTS[name] + WORKER).after["main.py"].text
    assert '(engine.sync_engine, "connect"' in text
    assert '(sync_engine, "connect"' in text
    ast.parse(text)


def _exported(migration: Migration) -> list[str]:
    return [f.message for f in migration.runs[0].outcome.findings if f.code == "LL408"]


def test_names_that_others_may_import_are_reported() -> None:
    more = WORKER + '\n\n__all__ = ["Item", "SessionLocal", "engine", "get_db", "items"]\n'
    found = _exported(_flip(OLD, more))
    assert [message.split("`")[1] for message in found] == ["SessionLocal", "engine", "get_db"]
    assert [message.split("`")[3:4] for message in found] == [
        ["SyncSessionLocal"],
        ["sync_engine"],
        [],
    ]


def test_so_are_those_of_a_package() -> None:
    package = {"pack/__init__.py": 'from main import SessionLocal as Made\n\n__all__ = ("Made",)\n'}
    assert len(_exported(_flip(OLD, "", **package))) == 1


def test_without_all_there_is_no_promise() -> None:
    assert _exported(_flip(OLD, WORKER)) == []
