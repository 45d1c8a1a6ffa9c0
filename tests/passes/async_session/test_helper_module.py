"""Where the function that converts URLs stands, and how it is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

DATABASE = """\
import os

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

engine = create_engine(os.environ["DATABASE_URL"])
SessionLocal = sessionmaker(bind=engine)


def get_db():
    with SessionLocal() as db:
        yield db
"""
MAIN = """\
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

from {database} import get_db

app = FastAPI()


@app.get("/")
def read(db: Session = Depends(get_db)):
    return db.scalar(text("select 1"))
"""


@pytest.mark.parametrize(
    ("folder", "packages", "database", "wanted"),
    [
        ("app/core", ["app", "app/core"], "app.core.database", "app.core"),
        # A folder without ``__init__.py`` within a package, and one outside of any.
        ("app/core", ["app"], "app.core.database", "app.core"),
        ("app/core", [], "app.core.database", "app.core"),
        ("src/app/core", ["src/app"], "app.core.database", "app.core"),
        ("core", [], "core.database", "core"),
    ],
)
def test_the_helper_is_imported_as_its_neighbours_are(
    folder: str, packages: list[str], database: str, wanted: str
) -> None:
    root = folder.removesuffix("core").rstrip("/")
    main = f"{root}/main.py" if root else "main.py"
    texts = {f"{folder}/database.py": DATABASE, main: MAIN.format(database=database)}
    texts |= {f"{package}/__init__.py": "" for package in packages}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    result = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).after
    assert f"{folder}/async_database_url.py" in result
    statement = f"from {wanted}.async_database_url import async_database_url\n"
    assert statement in result[f"{folder}/database.py"].text
