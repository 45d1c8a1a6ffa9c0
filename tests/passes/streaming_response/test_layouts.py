"""Where the helper is written, and how the modules of an application import it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes.streaming_response import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

DATABASE = """\
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///x.db")
SessionLocal = async_sessionmaker(engine)


async def get_db():
    async with SessionLocal() as db:
        yield db
"""

ROUTES = """\
from fastapi import APIRouter, Depends
from sqlalchemy import column, select
from sqlalchemy.ext.asyncio import AsyncSession
{imports}
router = APIRouter()


@router.get("/items", response_model=list[int])
async def items(db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(column("id")))).all()
"""

#: The database's module, the routes' module, what that imports -> the import of the helper.
LAYOUTS = {
    "src": ("src/app/db.py", "src/app/api/r.py", "from app.db import get_db", "app.json_stream"),
    "no packages": (
        "app/core/db.py",
        "app/r.py",
        "from app.core.db import get_db",
        "app.core.json_stream",
    ),
    "relative": ("a/b/db.py", "a/c/r.py", "from ..b.db import get_db", "..b.json_stream"),
    "siblings": ("a/db.py", "a/r.py", "from .db import get_db", ".json_stream"),
    "a folder of scripts": ("b/db.py", "b/r.py", "from db import get_db", "json_stream"),
    "the top": ("db.py", "r.py", "from db import get_db", "json_stream"),
}


def _migrated(files: dict[str, str]) -> CodeBase:
    sources = {path: SourceFile(path, text) for path, text in files.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1)).after


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_helper_stands_beside_the_database(layout: str) -> None:
    database, routes, imports, name = LAYOUTS[layout]
    after = _migrated({database: DATABASE, routes: ROUTES.format(imports=imports)})
    assert database.replace("db.py", "json_stream.py") in after.files
    assert f"from {name} import stream_json_array" in after[routes].text


def test_a_package_of_one_module_imports_relatively() -> None:
    text = DATABASE + ROUTES.format(imports="")
    after = _migrated({"app/__init__.py": "", "app/main.py": text})
    assert "from .json_stream import stream_json_array" in after["app/main.py"].text


def test_without_a_way_to_import_it_nothing_changes() -> None:
    text = DATABASE + ROUTES.format(imports="")
    after = _migrated({"app/main.py": text})
    assert after["app/main.py"].text == text
    assert list(after.files) == ["app/main.py"]


def test_another_file_of_that_name_stays() -> None:
    text = DATABASE + ROUTES.format(imports="")
    after = _migrated({"main.py": text, "json_stream.py": "VALUE = 1\n"})
    assert after["main.py"].text == text
    assert after["json_stream.py"].text == "VALUE = 1\n"
