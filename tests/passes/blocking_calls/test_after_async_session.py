"""Behind the flip: what left its thread has a thread already, and what was on the loop gets one."""

from __future__ import annotations

from pathlib import Path

from served import application, serve

from codemods.config import Options
from codemods.passes import all_passes
from codemods.passes.base import Pass
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

APP = """\
import json
import os
import time

import bcrypt
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/threaded/{n}")
def threaded(n: int, db: Session = Depends(get_db)):
    if os.path.exists("settings.json"):
        os.remove("other.json")
    with open("settings.json") as source:
        settings = json.load(source)
    time.sleep(settings["delay"])
    return db.get(Item, n).name


@app.get("/looped/{n}")
async def looped(n: int, db: Session = Depends(get_db)):
    name = db.get(Item, n).name
    return bcrypt.checkpw(name.encode(), b"")


@app.get("/plain")
def plain():
    time.sleep(1)
"""


def run(text: str, passes: list[Pass]) -> Migration:
    files = {"app.py": SourceFile("app.py", text)}
    return migrate(CodeBase(Path("/nowhere"), files), passes, Options(jobs=1))


def default_passes() -> list[Pass]:
    return [rule for rule in all_passes() if rule.level.value == "safe"]


def test_the_whole_migration() -> None:
    migration = run(APP, default_passes())
    text = migration.after["app.py"].text
    pool = "await run_in_threadpool"
    for expected in (
        f"if {pool}(os.path.exists, ",
        f"{pool}(os.remove, ",
        f"with {pool}(open, ",
        f"{pool}(json.load, source)",
        "await asyncio.sleep(settings[",
        f"{pool}(bcrypt.checkpw, name.encode(), b",
        "def plain():\n    time.sleep(1)",
    ):
        assert expected in text, f"{expected} is not in\n{text}"
    again = run(text, default_passes())
    assert not again.changed
    assert not [f for f in again.findings if f.code.startswith("LL5")]


def test_alone_it_leaves_what_has_a_sync_session() -> None:
    (rule,) = [rule for rule in all_passes() if rule.name == "blocking-calls"]
    migration = run(APP, [rule])
    assert not migration.changed
    assert {f.symbol for f in migration.findings} == {"looped"}


LEAVING = """\
import asyncio
import os
import queue
import sqlite3
import subprocess
import threading
import time

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///{folder}/items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()
jobs = queue.Queue()
lock = threading.Lock()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


with engine.begin() as connection:
    Base.metadata.create_all(connection)
    connection.exec_driver_sql("delete from items")
    connection.exec_driver_sql("insert into items values (0, 'o'), (1, 'a'), (2, 'b'), (3, 'c')")


def get_db():
    with SessionLocal() as db:
        yield db


async def answer(n):
    await asyncio.sleep(0.01)
    return n


def tell(n):
    return asyncio.run(answer(n))


def steps(n):
    for step in range(n):
        time.sleep(0.1)
        yield step


@app.get("/runs/{{n}}")
def runs(n: int, db: Session = Depends(get_db)):
    return [db.get(Item, n).name, asyncio.run(answer(n)), tell(n)]


@app.get("/queued/{{n}}")
def queued(n: int, db: Session = Depends(get_db)):
    item = db.get(Item, n)
    try:
        jobs.get(timeout=0.3)
    except queue.Empty:
        return item.name


@app.get("/locked/{{n}}")
def locked(n: int, db: Session = Depends(get_db)):
    lock.acquire()
    try:
        time.sleep(0.1)
        return db.get(Item, n).name
    finally:
        lock.release()


@app.get("/guarded/{{n}}")
def guarded(n: int, db: Session = Depends(get_db)):
    item = db.get(Item, n)
    with lock:
        time.sleep(0.1)
    return item.name


@app.get("/by_hand/{{n}}")
def by_hand(n: int, db: Session = Depends(get_db)):
    connection = sqlite3.connect("{folder}/other.db")
    return [db.get(Item, n).name, connection.execute("select 1").fetchone()[0]]


@app.get("/stepped/{{n}}")
def stepped(n: int, db: Session = Depends(get_db)):
    found = [db.get(Item, n).name]
    for step in steps(2):
        found.append(step)
    return [*found, [step * 2 for step in steps(2)], sum(steps(2))]


@app.get("/walked/{{n}}")
def walked(n: int, db: Session = Depends(get_db)):
    names = [db.get(Item, n).name]
    for _, folders, files in os.walk("{folder}"):
        names += [name for name in files if name.endswith(".py")]
    return names


@app.get("/piped/{{n}}")
def piped(n: int, db: Session = Depends(get_db)):
    process = subprocess.Popen(
        ["sh", "-c", "echo a; sleep 0.3; echo b"], stdout=subprocess.PIPE, text=True
    )
    lines = [db.get(Item, n).name]
    for line in process.stdout:
        lines.append(line)
    return [*lines, process.wait()]


@app.get("/named/{{n}}")
def named(n: int, db: Session = Depends(get_db)):
    wait = lambda seconds: time.sleep(seconds)
    wait(0.3)
    return db.get(Item, n).name
"""

ROUTES = "runs queued locked guarded by_hand stepped walked piped named".split()


def test_what_leaves_its_thread_still_answers_and_frees_the_loop(tmp_path: Path) -> None:
    migration = run(LEAVING.format(folder=tmp_path.as_posix()), default_passes())
    text = migration.after["app.py"].text
    stay = {f.symbol for f in migration.findings if f.code == "LL403"}
    assert stay == {"locked", "guarded", "by_hand", "named"}, text
    served = {}
    for side, codebase in (("before", migration.before), ("after", migration.after)):
        with application(codebase, tmp_path) as module:
            served[side] = {r: serve(module, f"/{r}/{{index}}", 4) for r in ROUTES}
    for name in ROUTES:
        before, after = served["before"][name], served["after"][name]
        assert after.answers == before.answers, name
        assert after.answers[1][0] == 200, (name, after.answers)
        assert after.stood_still < 0.25, (name, after.stood_still)


BRIDGED = """
lock = threading.Lock()


def slow(db, n):
    time.sleep(0.3)
    return db.get(Item, n).name


def guarded(db, n):
    with lock:
        return db.get(Item, n).name


HANDLERS = {"slow": slow}


@app.get("/slowly/{n}")
def slowly(n: int, db: Session = Depends(get_db)):
    return [slow(db, n), db.get(Item, n).name]


@app.get("/alone/{n}")
def alone(n: int, db: Session = Depends(get_db)):
    return guarded(db, n)


@app.get("/together/{n}")
async def together(n: int, db: Session = Depends(get_db)):
    return [guarded(db, n), db.get(Item, n).name]
"""


def test_what_blocks_is_not_run_within_a_session_on_the_loop() -> None:
    text = APP.replace("import time", "import threading\nimport time") + BRIDGED
    migration = run(text, default_passes())
    after = migration.after["app.py"].text
    assert "run_sync(slow" not in after and "run_sync(guarded" not in after
    for name in ("slowly", "alone", "together"):
        assert f"\ndef {name}(n: int, db: Session = Depends(sync_get_db)):" in after, after
    assert "async def threaded(" in after
