"""Numbers that the async drivers refuse to compare with a column of 32 bits."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from passes.async_session.decided import HEAD

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

POSTGRES = (
    HEAD.replace("sqlite:///items.db", "postgresql://localhost/items")
    .replace(
        "name: Mapped[str]", "name: Mapped[str]\n    big: Mapped[int] = mapped_column(BigInteger)"
    )
    .replace("import create_engine", "import BigInteger, create_engine")
)
WIDE = {
    "get": "db.get(Item, number)",
    "where": "db.scalars(select(Item).where(Item.id == number)).first()",
    "turned": "db.scalars(select(Item).where(number == Item.id)).first()",
}
FINE = {
    "a wide column": "db.scalars(select(Item).where(Item.big == number)).first()",
    "a bounded parameter": "db.get(Item, bounded)",
    "a string": "db.scalars(select(Item).where(Item.name == word)).first()",
    "a number that is written there": "db.get(Item, 3)",
}


def _codes(expression: str, driver: str = "asyncpg", requirements: str = "") -> list[str]:
    route = f"""
        from fastapi import Path

        @app.get("/")
        def read(
            number: int,
            word: str,
            bounded: int = Path(..., le=2147483647),
            db: Session = Depends(get_db),
        ):
            return {expression}
    """
    files = {"app.py": SourceFile("app.py", POSTGRES + dedent(route))}
    if requirements:
        files["requirements.txt"] = SourceFile("requirements.txt", requirements)
    options = Options(jobs=1, driver=(("postgresql", driver),))
    (run,) = migrate(CodeBase(Path("/nowhere"), files), [PASS], options).runs
    return [finding.code for finding in run.outcome.findings if finding.code == "LL404"]


@pytest.mark.parametrize("expression", WIDE.values(), ids=WIDE)
def test_wide(expression: str) -> None:
    assert _codes(expression) == ["LL404"]
    assert _codes(expression, "psycopg") == ["LL404"]


def test_an_application_that_had_the_casts_before() -> None:
    assert _codes(WIDE["get"], "psycopg", "sqlalchemy==2.0.38\npsycopg[binary]==3.2\n") == []
    both = "sqlalchemy==2.0.38\npsycopg[binary]==3.2\npsycopg2==2.9\n"
    assert _codes(WIDE["get"], "psycopg", both) == ["LL404"]


@pytest.mark.parametrize("expression", FINE.values(), ids=FINE)
def test_fine(expression: str) -> None:
    assert _codes(expression) == []


def test_a_database_without_an_async_driver_for_this_sqlalchemy() -> None:
    text = POSTGRES.replace('"postgresql://localhost/items"', 'os.environ["DATABASE_URL"]')
    files = {
        "app.py": SourceFile("app.py", f"import os\n{text}"),
        "requirements.txt": SourceFile("requirements.txt", "sqlalchemy==1.4.20\npymssql==2.2\n"),
    }
    route = (
        '\n\n@app.get("/")\ndef read(db: Session = Depends(get_db)):\n    return db.get(Item, 1)\n'
    )
    files["app.py"] = SourceFile("app.py", files["app.py"].text + route)
    (run,) = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).runs
    assert run.changed == ()
    assert any(
        "the async driver for mssql needs" in r for f in run.outcome.findings for r in f.reasons
    )
