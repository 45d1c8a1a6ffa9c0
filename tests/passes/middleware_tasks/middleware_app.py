"""Applications of one module with a middleware, migrated by the pass alone."""

from __future__ import annotations

import textwrap
from pathlib import Path

from codemods.config import Options
from codemods.passes.middleware_tasks import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
import asyncio
import logging
import time

import httpx
import requests
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.middleware.base import BaseHTTPMiddleware

engine = create_async_engine("sqlite+aiosqlite:///app.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
logger = logging.getLogger(__name__)
client = httpx.AsyncClient()
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]


async def write(path: str):
    async with SessionLocal() as db:
        db.add(Row(path=path))
        await db.commit()


async def log(request: Request):
    await write(request.url.path)


async def answered(request: Request, answer: Response):
    await write(f"{request.method} {answer.status_code}")


async def log_with(db: AsyncSession, path: str):
    db.add(Row(path=path))


async def number(path: str) -> int:
    return len(path)


"""


def run(snippet: str, head: str = HEAD, **files: str) -> Migration:
    """The migration of an application with ``snippet`` in it."""
    text = head + textwrap.dedent(snippet).strip("\n") + "\n"
    texts = {"main.py": text} | {f"{name}.py": source for name, source in files.items()}
    sources = {path: SourceFile(path, text) for path, text in texts.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1))


def middleware(*lines: str) -> str:
    """A function middleware with these lines after ``call_next``."""
    body = textwrap.indent("\n".join(lines), "    ")
    return (
        '@app.middleware("http")\nasync def around(request: Request, call_next):\n'
        f"    response = await call_next(request)\n{body}\n"
    )


def after(snippet: str) -> str:
    """What became of the snippet."""
    return run(snippet).after["main.py"].text.partition("return len(path)\n\n\n")[2]


def reasons(snippet: str, head: str = HEAD) -> list[str]:
    """Why work stays."""
    (done,) = run(snippet, head).runs
    return [reason for finding in done.outcome.findings for reason in finding.reasons]
