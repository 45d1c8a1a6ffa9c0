"""A code base whose top folder is the package itself: its own absolute imports are followed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codemods.config import Options
from codemods.facts import Program
from codemods.passes import all_passes
from codemods.pipeline import migrate
from codemods.selection import resolve
from codemods.source import CodeBase, SourceFile, load

FILES = {
    "__init__.py": "",
    "routers/__init__.py": "",
    "requirements.txt": "fastapi\nsqlalchemy\n",
    "database.py": """\
import os

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)


def get_db():
    with SessionLocal() as db:
        yield db
""",
    "routers/items.py": """\
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from {name}.database import Item, get_db

router = APIRouter()


@router.post("/items")
def add(db: Session = Depends(get_db)):
    db.add(Item())
    db.commit()
    return db.query(Item).count()
""",
    "main.py": """\
from fastapi import FastAPI

import {name}.database
from {name}.routers import items

{name}.database.Base.metadata.create_all({name}.database.engine)
app = FastAPI()
app.include_router(items.router)
""",
}
ASK = """\
from fastapi.testclient import TestClient
from {name}.main import app

with TestClient(app) as client:
    print(client.post("/items").json(), client.post("/items").json())
"""


@pytest.mark.parametrize("folder", ["shopkit", "checkout"])
def test_migrated_whole(tmp_path: Path, folder: str) -> None:
    """The folder has the name of the package, or (as a clone can) another one."""
    top = tmp_path / folder
    for path, text in FILES.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text.replace("{name}", "shopkit"))
    options = Options(jobs=1)
    after = migrate(load(top), resolve(options, all_passes()).passes, options).after
    assert "async def add" in after["routers/items.py"].text
    home = tmp_path / "run" / "shopkit"
    for path, file in after.files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(file.to_bytes())
    ran = subprocess.run(
        [sys.executable, "-c", ASK.format(name="shopkit")],
        cwd=home.parent,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "1 2\n", ran.stderr


def test_not_its_own_name() -> None:
    """A package of somebody else's is not meant, though one of its modules has a known name."""
    texts = {
        "__init__.py": "",
        "models.py": "X = 1\n",
        "a.py": "from other.models import X\nfrom other.views import Y\n",
    }
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    modules = Program(CodeBase(Path("/nowhere/shopkit"), files)).modules
    assert modules.resolve(modules["a.py"], "other.models") is None
    assert modules.resolve(modules["a.py"], "shopkit.models") is modules["models.py"]
