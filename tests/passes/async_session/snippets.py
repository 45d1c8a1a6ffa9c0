"""Applications of one module, migrated by the flip alone."""

from __future__ import annotations

import textwrap
from pathlib import Path

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
from fastapi import Depends, FastAPI, Request
from sqlalchemy import Column, Integer, String, create_engine, select
from sqlalchemy.orm import Session, declarative_base, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(engine)
Base = declarative_base()
app = FastAPI()


class Item(Base):
    __tablename__ = "items"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))


def get_db():
    with SessionLocal() as db:
        yield db


"""

#: Another path operation, with nothing in its way.
OTHER = """
@app.get("/other")
def other(db: Session = Depends(get_db)):
    return db.get(Item, 3).name
"""


def flip(snippet: str, head: str = HEAD) -> Migration:
    """The migration of an application with ``snippet`` in it."""
    text = head + textwrap.dedent(snippet).strip("\n") + "\n"
    files = {"app.py": SourceFile("app.py", text)}
    return migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))


def after(snippet: str, head: str = HEAD) -> str:
    """The module after the flip."""
    return flip(snippet, head).after["app.py"].text


def treatments(snippet: str, head: str = HEAD) -> dict[str, str]:
    """What happens to each function."""
    (run,) = flip(snippet, head).runs
    return {d.symbol: d.treatment for d in run.outcome.decisions if d.treatment != "note"}


def engine_is_sync(snippet: str) -> bool:
    """Whether the engine stays as it was."""
    return "\nengine = create_engine(" in after(snippet)
