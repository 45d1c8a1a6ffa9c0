"""Small applications of one file, and what the flip decides about their functions."""

from __future__ import annotations

import textwrap
from pathlib import Path

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
from fastapi import Depends, FastAPI, Request
from sqlalchemy import create_engine, select
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
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


"""

OTHER = """

@app.get("/other")
async def other(db: Session = Depends(get_db)):
    return db.get(Item, 1).name
"""


def flip(snippet: str, head: str = HEAD) -> Migration:
    """The flip of one application."""
    files = {"app.py": SourceFile(path="app.py", text=head + textwrap.dedent(snippet))}
    return migrate(CodeBase(root=Path("/nowhere"), files=files), [PASS], Options(jobs=1))


def treatments(snippet: str, head: str = HEAD) -> dict[str, str]:
    """How each function that waits is treated."""
    (run,) = flip(snippet, head).runs
    return {d.symbol: d.treatment for d in run.outcome.decisions if d.treatment != "note"}


def after(snippet: str, head: str = HEAD) -> str:
    """The text of the application after the flip, without its head."""
    return flip(snippet, head).after.files["app.py"].text.partition("db.close()\n\n\n")[2]


def engine_is_sync(snippet: str, head: str = HEAD) -> bool:
    """Whether the application goes on with its sync engine alone."""
    return "async" not in flip(snippet, head).after.files["app.py"].text.partition("get_db")[0]
