"""Exports in memory are reported; what only looks like one is not."""

from __future__ import annotations

import pytest
from running import messages, migrated

#: A path operation called ``export`` -> a piece of the advice.
FOUND = {
    "a file": (
        "FileResponse",
        """
        @app.get("/export")
        def export():
            with open("export.csv", "rb") as file:
                data = file.read()
            return Response(content=data, media_type="text/csv")
        """,
    ),
    "a path": (
        "FileResponse",
        """
        from pathlib import Path

        @app.get("/export")
        def export():
            return Response(Path("export.csv").read_bytes())
        """,
    ),
    "a frame": (
        "chunks",
        """
        import pandas as pd

        @app.get("/export")
        def export():
            return Response(pd.read_sql("items", "sqlite:///items.db").to_csv())
        """,
    ),
}

SILENT = {
    "a limit": """
        @app.get("/export")
        async def export(db: Db):
            lines = [item.name for item in await db.scalars(select(Item).limit(10))]
            return Response("\\n".join(lines))
    """,
    "no rows": """
        @app.get("/export")
        async def export(names: list[str] = Query()):
            return Response("\\n".join(names))
    """,
    "an answer of another service": """
        import httpx

        @app.get("/export")
        async def export():
            async with httpx.AsyncClient() as client:
                answer = await client.get("https://example.org")
            return Response(answer.read())
    """,
}


@pytest.mark.parametrize("form", FOUND)
def test_it_is_reported(form: str) -> None:
    advice, snippet = FOUND[form]
    migration = migrated(snippet)
    assert advice in messages(migration)["export"]
    assert migration.changed == ()


@pytest.mark.parametrize("form", SILENT)
def test_nothing_is_said(form: str) -> None:
    assert messages(migrated(SILENT[form])) == {}
