"""Applications of one module, before and after the pass, asked the same."""

from __future__ import annotations

import importlib
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from fastapi.testclient import TestClient

from codemods.config import Options
from codemods.passes.streaming_response import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
import datetime as dt
import enum
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Annotated, Any, List

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Query, Request
from fastapi import Response
from fastapi.responses import JSONResponse, ORJSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship
from sqlalchemy.orm import selectinload, subqueryload

engine = create_async_engine(os.environ["STREAMED_DATABASE"])
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Colour(enum.Enum):
    red = "R"
    blue = "B"


class Owner(Base):
    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    items: Mapped[list["Item"]] = relationship(back_populates="owner", order_by="Item.id")


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    weight: Mapped[float | None]
    price: Mapped[Decimal]
    made: Mapped[dt.date]
    sold: Mapped[dt.datetime | None]
    colour: Mapped[Colour]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped[Owner] = relationship(back_populates="items")


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str = Field(serialization_alias="itemName")
    weight: float | None = None
    price: Decimal
    made: dt.date
    sold: dt.datetime | None = None
    colour: Colour


class OwnerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    items: list[ItemOut] = []


async def get_db() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as db:
        yield db


Db = Annotated[AsyncSession, Depends(get_db)]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    async with SessionLocal() as db:
        db.add_all(Owner(id=n, email=f"o{n}@example.org") for n in range(1, 6))
        await db.flush()
        db.add_all(
            Item(
                id=n,
                name=f'é"{n}',
                weight=None if n % 5 == 0 else n * 1e-7,
                price=Decimal(n) / 4,
                made=dt.date(2024, 1, 1) + dt.timedelta(days=n),
                sold=dt.datetime(2024, 5, 6, 7, 8, 9, n) if n % 2 else None,
                colour=Colour.red if n % 3 else Colour.blue,
                owner_id=n % 5 + 1,
            )
            for n in range(1, 2302)
        )
        await db.commit()
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


"""


_LENGTH = ("content-length", "transfer-encoding")


@dataclass(frozen=True)
class Seen:
    """What a client sees of an answer, but for its length."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def migrated(
    snippet: str,
    head: str = HEAD,
    files: dict[str, str] | None = None,
    options: Options | None = None,
) -> Migration:
    """The migration of an application with ``snippet`` in its module ``app.py``."""
    texts = {"app.py": head + textwrap.dedent(snippet).strip("\n") + "\n", **(files or {})}
    sources = {path: SourceFile(path, text) for path, text in texts.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), [PASS], options or Options(jobs=1))


def application(forms: dict[str, str], header: str = "") -> str:
    """One snippet of several path operations."""
    return header + "\n\n\n".join(textwrap.dedent(form).strip("\n") for form in forms.values())


def messages(migration: Migration) -> dict[str, str]:
    """The findings: the reason that a path operation is left for, "" where it is not."""
    return {f.symbol: "; ".join(f.reasons) for f in migration.findings}


def after(snippet: str, head: str = HEAD) -> str:
    """What the pass makes of a snippet, without the head."""
    text = migrated(snippet, head).after["app.py"].text
    return text[text.index("app = FastAPI(lifespan=lifespan)") :]


def write(codebase: CodeBase, folder: Path) -> Path:
    """The files of a code base in a folder."""
    for path, file in codebase.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8")
    return folder


@contextmanager
def imported(folder: Path, name: str = "app") -> Iterator[ModuleType]:
    """The application of a folder, imported from there and forgotten again."""
    old = set(sys.modules)
    sys.path.insert(0, str(folder))
    os.environ["STREAMED_DATABASE"] = f"sqlite+aiosqlite:///{folder / 'items.db'}"
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        del os.environ["STREAMED_DATABASE"]
        for module in set(sys.modules) - old:
            if str(folder) in str(getattr(sys.modules[module], "__file__", "")):
                del sys.modules[module]


def asked(folder: Path, paths: list[str]) -> dict[str, Seen]:
    """The answers of the application in a folder, and its OpenAPI document."""
    found = {}
    with (
        imported(folder) as module,
        TestClient(module.app, raise_server_exceptions=False) as client,
    ):
        for path in [*paths, "/openapi.json"]:
            answer = client.get(path)
            headers = tuple(sorted((k, v) for k, v in answer.headers.items() if k not in _LENGTH))
            found[path] = Seen(answer.status_code, headers, answer.content)
    return found


def compared(
    snippet: str,
    paths: list[str],
    folder: Path,
    head: str = HEAD,
    options: Options | None = None,
) -> Migration:
    """Run an application before and after the pass; the answers have to be the same."""
    migration = migrated(snippet, head, None, options)
    before = asked(write(migration.before, folder / "before"), paths)
    now = asked(write(migration.after, folder / "after"), paths)
    for path, seen in before.items():
        assert now[path] == seen, path
    return migration
