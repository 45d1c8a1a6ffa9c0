"""Behind the flip: what left its thread has a thread already, and what was on the loop gets one."""

from __future__ import annotations

from pathlib import Path

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
        f"{pool}(time.sleep, ",
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
