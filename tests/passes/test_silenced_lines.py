"""A comment on a line holds the passes behind ``async-session`` as well, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes import all_passes
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile
from codemods.suppression import suppressed

RULES = ("blocking-calls", "streaming-response", "middleware-tasks", "background-queue")

APP = """\
import asyncio
import time

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from sqlalchemy import Integer, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///app.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)


async def get_db():
    async with SessionLocal() as db:
        yield db


async def write(path: str):
    await asyncio.sleep(0)


async def count(path: str):
    await asyncio.sleep(0)


def send(address: str):
    print(address)


@app.middleware("http")
async def log(request: Request, call_next):
    response = await call_next(request)
    await write(request.url.path)
    await count(request.url.path)
    return response


@app.get("/slow")
async def slow():
    time.sleep(1)
    time.sleep(2)
    return 1


@app.get("/items")
async def items(db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(Item))).all()


@app.get("/others")
async def others(db: AsyncSession = Depends(get_db)):
    found = await db.scalars(select(Item).order_by(Item.id))
    return found.all()


@app.post("/mail")
async def mail(tasks: BackgroundTasks):
    tasks.add_task(send, "a")
    tasks.add_task(send, "b")
    return 1


@app.post("/task")
async def task():
    asyncio.create_task(write("c"))
    return 1
"""


def lift(text: str) -> Migration:
    passes = [rule for rule in all_passes() if rule.name in RULES]
    files = {"app.py": SourceFile("app.py", text)}
    return migrate(CodeBase(Path("/nowhere"), files), passes, Options(jobs=1, unsafe_fixes=True))


def after(text: str) -> str:
    return lift(text).after["app.py"].text


@pytest.mark.parametrize(
    ("line", "code", "others"),
    [
        ("    time.sleep(1)", "LL501", "asyncio.sleep(2)"),
        ("    return (await db.scalars(select(Item))).all()", "LL601", "order_by(Item.id)."),
        ("    await write(request.url.path)", "LL701", "BackgroundQueue"),
        ('    tasks.add_task(send, "a")', "LL801", 'queue.add_task(write, "c")'),
        ('    asyncio.create_task(write("c"))', "LL802", "await tasks.add_task(send"),
    ],
)
def test_a_line_stays(line, code, others):
    assert APP.count(line) == 1
    assert line not in after(APP).split("\n")
    marked = f"{line}  # looplift: ignore[{code}]"
    migration = lift(APP.replace(line, marked))
    text = migration.after["app.py"].text
    assert marked in text.split("\n")
    assert others in text
    assert after(text) == text
    # It is found, and not reported.
    seen = migration.before["app.py"]
    found = []
    for run in migration.runs:
        number = seen.text.split("\n").index(marked) + 1
        at = [finding for finding in run.outcome.findings if finding.line == number]
        found += [(finding.code, suppressed(seen, finding, Options())) for finding in at]
        seen = run.after["app.py"]
    assert found == [(code, True)]


def test_what_goes_with_a_silenced_line_stays_too():
    """The order of what a middleware does, and the list that two jobs share."""
    text = after(APP.replace("await write(request", "await write(  # noqa: LL701\n        request"))
    assert "background.run" not in text
    assert "await count(request.url.path)" in text
    text = after(APP.replace('(send, "a")', '(send, "a")  # looplift: ignore'))
    assert 'tasks.add_task(send, "b")' in text
    assert "tasks: BackgroundTasks" in text
