"""Commands and jobs that share functions with path operations: an event loop of their own."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from providers_app import HEAD, colours, migrated
from suites import flipped, passing

DATABASE = """\
import os

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///items.db"))
SessionLocal = sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    with SessionLocal() as db:
        yield db
"""

SERVICE = """\
from sqlalchemy import select
from sqlalchemy.orm import Session

from database import Item


def names(db: Session) -> list[str]:
    return list(db.scalars(select(Item.name).order_by(Item.id)))


def add(db: Session, name: str) -> Item:
    item = Item(name=name)
    db.add(item)
    db.commit()
    return item
"""

MAIN = """\
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

import service
from database import get_db

app = FastAPI()


@app.get("/items")
def read(db: Session = Depends(get_db)) -> list[str]:
    return service.names(db)


@app.post("/items")
def write(name: str, db: Session = Depends(get_db)) -> int:
    return service.add(db, name).id
"""

CONFTEST = """\
import pytest

from database import Base, engine


@pytest.fixture(autouse=True)
def tables():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
"""

APPLICATION = {
    "database.py": DATABASE,
    "service.py": SERVICE,
    "main.py": MAIN,
    "conftest.py": CONFTEST,
}

TYPER = """\
import typer

import service
from database import SessionLocal

cli = typer.Typer()


@cli.callback()
def root() -> None:
    \"\"\"Items.\"\"\"


@cli.command()
def add(name: str = typer.Argument(...), times: int = 1) -> None:
    \"\"\"Add an item.\"\"\"
    times = max(times, 1)
    # each one is committed
    with SessionLocal() as db:
        for _ in range(times):
            item = service.add(db, name)
    typer.echo(f"{item.id}")


@cli.command()
def show() -> None:
    with SessionLocal() as db:
        found = service.names(db)
        if not found:
            raise typer.Exit(3)
        for name in found:
            typer.echo(name)
    typer.echo("end")


if __name__ == "__main__":
    cli()
"""

TEST_TYPER = """\
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import service
from cli import add, cli
from database import SessionLocal
from main import app

runner = CliRunner()


def test_twice() -> None:
    assert runner.invoke(cli, ["show"]).exit_code == 3
    assert runner.invoke(cli, ["add", "one", "--times", "2"]).output == "2\\n"
    assert runner.invoke(cli, ["show"]).output == "one\\none\\nend\\n"
    with TestClient(app) as client:
        assert client.post("/items?name=two").json() == 3
        assert runner.invoke(cli, ["show"]).output == "one\\none\\ntwo\\nend\\n"
        assert client.get("/items").json() == ["one", "one", "two"]


def test_by_hand(capsys) -> None:
    add("three", 1)
    with SessionLocal() as db:
        assert service.names(db) == ["three"]
        assert runner.invoke(cli, ["show"]).output == "three\\nend\\n"
        add("four", 1)
        assert service.names(db) == ["three", "four"]
"""


def test_commands_of_typer(tmp_path: Path) -> None:
    files = {**APPLICATION, "cli.py": TYPER, "test_cli.py": TEST_TYPER}
    after = flipped(files)
    assert after["cli.py"].count("asyncio.run(run())") == 2
    assert "def show() -> None:\n    async def run() -> None:\n" in after["cli.py"]
    # What needs no session stays outside of the loop.
    assert '    asyncio.run(run())\n    typer.echo("end")\n' in after["cli.py"]
    assert "sync_engine =" not in after["database.py"]
    assert "await run_in_threadpool(runner.invoke, cli" in after["test_cli.py"]
    assert passing(files, tmp_path / "before") == 2
    assert passing(after, tmp_path / "after") == 2


PYPROJECT = """\
[project]
name = "items"
version = "1"
dependencies = ["fastapi", "sqlalchemy>=2.0"]

[project.scripts]
items = "commands:main"
"""

COMMANDS = """\
import argparse
import sys

import click

import service
from database import Base, SessionLocal
from database import engine as bind

engine = "steam"


def add(options: argparse.Namespace) -> int:
    with SessionLocal() as db:
        return service.add(db, options.name).id


def first(options: argparse.Namespace) -> int:
    db = SessionLocal()
    try:
        if not service.names(db):
            return 0
        return len(service.names(db)[0])
    finally:
        db.close()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reset", action="store_true")
    commands = parser.add_subparsers(required=True)
    adding = commands.add_parser("add")
    adding.add_argument("name")
    adding.set_defaults(handler=add)
    commands.add_parser("first").set_defaults(handler=first)
    options = parser.parse_args(argv)
    print(options.handler(options), engine)
    return 0


@click.group()
def cli() -> None:
    pass


@cli.group()
@click.pass_context
def items(context: click.Context) -> None:
    with SessionLocal() as db:
        context.obj = len(service.names(db))


@items.command("count")
@click.argument("times", type=int)
@click.pass_obj
def count(known: int, times: int) -> None:
    run, times = times * known, 0
    with bind.connect() as connection, SessionLocal(bind=connection) as db:
        times = len(service.names(db))
    click.echo(f"{run} {times}")


if __name__ == "__main__":
    sys.exit(main())
"""

TEST_COMMANDS = """\
from click.testing import CliRunner

from commands import cli, main


def test_all(capsys) -> None:
    assert main(["first"]) == 0
    assert main(["add", "one"]) == 0
    assert main(["add", "two"]) == 0
    assert main(["first"]) == 0
    assert capsys.readouterr().out == "0 steam\\n1 steam\\n2 steam\\n3 steam\\n"
    assert CliRunner().invoke(cli, ["items", "count", "3"]).output == "6 2\\n"
"""


def test_commands_of_click_and_argparse(tmp_path: Path) -> None:
    files = {
        **APPLICATION,
        "pyproject.toml": PYPROJECT,
        "commands.py": COMMANDS,
        "test_commands.py": TEST_COMMANDS,
    }
    after = flipped(files)
    assert after["commands.py"].count("await bind.dispose()") == 4
    assert "async def work(times: int) -> None:" in after["commands.py"]
    assert passing(files, tmp_path / "before") == 1
    assert passing(after, tmp_path / "after") == 1


SHARED = """
def names(db: Session):
    return db.scalars(text("SELECT 1")).all()


@app.get("/")
def read(db: Session = Depends(get_db)):
    return names(db)


cli = typer.Typer()
"""

COMMAND_HEAD = HEAD + "import typer\nimport uvicorn\n\n"

LEFT = {
    "runs an event loop itself": """
        @cli.command()
        def serve():
            with SessionLocal() as db:
                names(db)
                uvicorn.run(app)
        """,
    "start runs an event loop": """
        def start():
            uvicorn.run(app)

        @cli.command()
        def serve():
            with SessionLocal() as db:
                names(db)
            start()
        """,
    "it is called in app.py": """
        @cli.command()
        def serve():
            with SessionLocal() as db:
                names(db)

        @app.post("/serve")
        def again():
            serve()
        """,
    "it catches KeyboardInterrupt": """
        @cli.command()
        def serve():
            try:
                with SessionLocal() as db:
                    names(db)
            except KeyboardInterrupt:
                pass
        """,
    "it calls locals()": """
        @cli.command()
        def serve():
            with SessionLocal() as db:
                print(names(db), locals())
        """,
    "can't be named to dispose of it": """
        def opened():
            return sessionmaker(create_engine("sqlite:///other.db"))

        @cli.command()
        def serve():
            with opened()() as db:
                names(db)
        """,
    "the application's own": """
        def twice(function):
            def wrapper():
                function()
                function()
            return wrapper

        @cli.command()
        @twice
        def serve():
            with SessionLocal() as db:
                names(db)
        """,
    "it stands on one line": """
        @cli.command()
        def serve(): names(SessionLocal())
        """,
}


@pytest.mark.parametrize("reason", LEFT)
def test_a_command_that_stays_sync(reason: str) -> None:
    migration = migrated(SHARED + textwrap.dedent(LEFT[reason]), COMMAND_HEAD)
    (decision,) = (
        d for run in migration.runs for d in run.outcome.decisions if d.symbol == "serve"
    )
    assert decision.treatment != "native"
    assert reason in decision.reasons[0]
    assert "asyncio" not in migration.after["app.py"].text.replace("ext.asyncio", "")


def test_what_comes_after_the_loop_may_run_another() -> None:
    body = """
        @cli.command()
        def serve():
            with SessionLocal() as db:
                print(names(db))
            uvicorn.run(app)
        """
    migration = migrated(SHARED + textwrap.dedent(body), COMMAND_HEAD)
    assert colours(migration)["serve"] == "native"
    assert migration.after["app.py"].text.endswith(
        """\
@cli.command()
def serve():
    async def run():
        try:
            async with SessionLocal() as db:
                print(await names(db))
        finally:
            await engine.dispose()

    asyncio.run(run())
    uvicorn.run(app)
"""
    )


def test_a_command_that_shares_nothing_goes_on_with_a_sync_engine() -> None:
    body = """
        def count(db: Session):
            return db.scalar(text("SELECT 2"))

        @cli.command()
        def serve():
            with SessionLocal() as db:
                print(count(db))
        """
    migration = migrated(SHARED + textwrap.dedent(body), COMMAND_HEAD)
    assert "with SyncSessionLocal() as db:" in migration.after["app.py"].text
    assert colours(migration)["count"] == "left"


JOBS = """\
import threading
import time

import schedule
from apscheduler.schedulers.background import BackgroundScheduler
from celery import Celery

import service
from database import SessionLocal, session_scope

celery = Celery("items", broker="memory://")
scheduler = BackgroundScheduler()
log: list[int] = []


@scheduler.scheduled_job("interval", hours=1)
def note() -> int:
    with session_scope() as db:
        return service.add(db, "noted").id


def count() -> int:
    db = SessionLocal()
    try:
        log.append(len(service.names(db)))
        return log[-1]
    finally:
        db.close()


scheduler.add_job("jobs:count", "cron", hour=3, id="count")
schedule.every().day.at("10:30").do(count)


def opened(name: str) -> int:
    with SessionLocal() as db, db.begin():
        return service.stay(db, name)


@celery.task(bind=True)
def remind(self, name: str) -> int:
    time.sleep(0)
    return opened(name)


def watch(times: int) -> None:
    for _ in range(times):
        with SessionLocal() as db:
            service.add(db, "watched")


def start() -> threading.Thread:
    thread = threading.Thread(target=watch, args=(2,))
    thread.start()
    return thread


def run_all() -> None:
    schedule.run_all()
"""

JOBS_MAIN = """\
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

import jobs
import service
from database import get_db

app = FastAPI()


@app.get("/items")
def read(db: Session = Depends(get_db)) -> list[str]:
    return service.names(db)


@app.post("/items")
def write(name: str, db: Session = Depends(get_db)) -> int:
    return service.stay(db, name) + service.add(db, name).id


@app.post("/jobs")
def run() -> int:
    jobs.start().join()
    jobs.remind.delay("sent")
    return len(jobs.log)
"""

JOBS_DATABASE = """\
import os
from contextlib import contextmanager

from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine(
    os.environ.get("DATABASE_URL", "sqlite:///items.db"), pool_size=3, pool_pre_ping=True
)
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
opened: list[str] = []


@event.listens_for(engine, "connect")
def remember(connection, record) -> None:
    opened.append("connection")


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    with SessionLocal() as db:
        yield db


@contextmanager
def session_scope():
    \"\"\"A session that is committed.\"\"\"
    with SessionLocal() as db:
        yield db
        db.commit()
"""

JOBS_SERVICE = (
    SERVICE
    + """

def stay(db: Session, name: str) -> int:
    db.add(item := Item(name=name))
    db.flush()
    return item.id
"""
)

TEST_JOBS = """\
from fastapi.testclient import TestClient

import database
import jobs
import service
from database import SessionLocal
from main import app


def test_beside_the_service() -> None:
    with TestClient(app) as client:
        assert client.get("/items").json() == []
        for turn in range(2):
            assert jobs.note() == 5 * turn + 1
            assert jobs.count() == 5 * turn + 1
            assert jobs.remind("x") == 5 * turn + 2
            assert jobs.remind.apply(args=["y"]).get() == 5 * turn + 3
            thread = jobs.start()
            thread.join()
            jobs.run_all()
            assert client.get("/items").json()[-2:] == ["watched", "watched"]
        assert jobs.log == [1, 5, 6, 10]
        assert client.post("/jobs").json() == 4
        assert len(client.get("/items").json()) == 12
        assert database.opened


def test_by_an_async_test() -> None:
    with SessionLocal() as db:
        assert service.names(db) == []
        assert jobs.note() == 1
        assert jobs.remind.apply(args=["y"]).get() == 2
        assert service.names(db) == ["noted", "y"]
"""


def test_jobs_have_an_engine_without_a_pool(tmp_path: Path) -> None:
    files = {
        "database.py": JOBS_DATABASE,
        "service.py": JOBS_SERVICE,
        "main.py": JOBS_MAIN,
        "conftest.py": CONFTEST,
        "jobs.py": JOBS,
        "test_jobs.py": TEST_JOBS,
    }
    after = flipped(files)
    assert after["jobs.py"].count("asyncio.run(run())") == 3
    assert "    time.sleep(0)\n    return asyncio.run(opened(name))\n" in after["jobs.py"]
    assert passing(files, tmp_path / "before") == 2
    assert passing(after, tmp_path / "after") == 2


JOBS_LEFT = {
    "opened, which others call too, opens sessions": """
        def opened():
            with SessionLocal() as db:
                return names(db)

        @celery.task
        def tick():
            return opened()

        @app.post("/tick")
        def again():
            return opened()
        """,
    "it uses a session from outside": """
        shared = SessionLocal()

        @celery.task
        def tick():
            with SessionLocal() as db:
                shared.execute(text("SELECT 1"))
                return names(db)
        """,
    "can't be given an engine": """
        @celery.task
        def tick():
            with SessionLocal.begin() as db:
                return names(db)
        """,
    "runs at once where it is sent, in app.py": """
        celery.conf.task_always_eager = True

        @celery.task
        def tick():
            with SessionLocal() as db:
                return names(db)

        @app.post("/tick")
        def again(db: Session = Depends(get_db)):
            names(db)
            tick.delay()
        """,
    "is passed on as a value in app.py": """
        @celery.task
        def tick():
            with SessionLocal() as db:
                return names(db)

        def later(tasks: list):
            tasks.append(tick)
        """,
}


@pytest.mark.parametrize("reason", JOBS_LEFT)
def test_a_job_that_stays_sync(reason: str) -> None:
    shared = SHARED.replace("cli = typer.Typer()", 'celery = Celery("app")')
    head = HEAD + "from celery import Celery\n\n"
    migration = migrated(shared + textwrap.dedent(JOBS_LEFT[reason]), head)
    (decision,) = (d for run in migration.runs for d in run.outcome.decisions if d.symbol == "tick")
    assert decision.treatment != "native"
    assert reason in decision.reasons[0]
    assert "unpooled" not in migration.after["app.py"].text


def test_a_job_whose_factory_a_test_replaces_stays_sync() -> None:
    body = """
        @celery.task
        def tick():
            with SessionLocal() as db:
                return names(db)
        """
    shared = SHARED.replace("cli = typer.Typer()", 'celery = Celery("app")')
    head = HEAD + "from celery import Celery\n\n"
    test = """
        import app

        def test_tick(monkeypatch):
            monkeypatch.setattr(app, "SessionLocal", None)
        """
    migration = migrated(shared + textwrap.dedent(body), head, test_app=test)
    assert colours(migration)["tick"] == "left"
    migration = migrated(shared + textwrap.dedent(body), head)
    assert colours(migration)["tick"] == "native"


def test_jobs_of_a_scheduler_on_the_loop_become_async() -> None:
    body = """
        scheduler = AsyncIOScheduler()

        @scheduler.scheduled_job("interval", hours=1)
        def tick():
            with SessionLocal() as db:
                return names(db)

        def tock():
            with SessionLocal() as db:
                return names(db)

        scheduler.add_job(tock, "cron", hour=1)
        """
    shared = SHARED.replace("cli = typer.Typer()", "")
    head = HEAD + "from apscheduler.schedulers.asyncio import AsyncIOScheduler\n\n"
    after = migrated(shared + textwrap.dedent(body), head).after["app.py"].text
    assert "async def tick():\n    async with SessionLocal() as db:" in after
    assert "async def tock():" in after
    pools = body.replace("AsyncIOScheduler()", "AsyncIOScheduler(executors={})")
    after = migrated(shared + textwrap.dedent(pools), head).after["app.py"].text
    assert "async def tick" not in after
