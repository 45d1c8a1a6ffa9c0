"""Applications of one module with background work, migrated by the pass alone."""

from __future__ import annotations

import textwrap
from pathlib import Path

from codemods.config import Options
from codemods.passes.background_queue import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
import asyncio
import threading
from functools import partial
from threading import Thread

from fastapi import BackgroundTasks, Depends, FastAPI, Request, Response, UploadFile, WebSocket
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///app.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


class Order(BaseModel):
    email: str


class Mailer:
    def __init__(self, db: AsyncSession):
        self.db = db

    def send(self, email: str):
        pass


async def get_db():
    async with SessionLocal() as db:
        yield db


def send(email: str):
    pass


def take(thing):
    pass


async def work(email: str):
    pass


def watch(email: str):
    while True:
        pass


"""


def run(snippet: str, head: str = HEAD, **files: str) -> Migration:
    """The migration of an application with ``snippet`` in it."""
    text = head + textwrap.dedent(snippet).strip("\n") + "\n"
    texts = {"main.py": text} | {f"{name}.py": source for name, source in files.items()}
    sources = {path: SourceFile(path, text) for path, text in texts.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1))


def after(snippet: str) -> str:
    """What became of the snippet."""
    text = run(snippet).after["main.py"].text
    return text.partition("    while True:\n        pass\n\n\n")[2]


def reasons(snippet: str, head: str = HEAD, **files: str) -> list[str]:
    """Why work stays."""
    (done,) = run(snippet, head, **files).runs
    return [reason for finding in done.outcome.findings for reason in finding.reasons]
