"""Exports in memory are reported; what only looks like one is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import compared, messages, migrated

#: A path operation called ``export`` -> a piece of the advice.
FOUND = {
    "a text that a helper joins": (
        "send it row by row",
        """
        def as_text(rows):
            lines = [row.name for row in rows]
            text = "\\n".join(lines)
            return text

        @app.get("/export")
        async def export(db: Db):
            return Response(as_text((await db.scalars(select(Item))).all()))
        """,
    ),
    "a buffer that a helper fills": (
        "send it row by row",
        """
        import csv, io

        def as_csv(rows):
            out = io.StringIO()
            writer = csv.writer(out)
            for row in rows:
                writer.writerow([row.id])
            return out.getvalue()

        @app.get("/export")
        async def export(db: Db):
            rows = (await db.scalars(select(Item))).all()
            text = as_csv(rows)
            return Response(text, media_type="text/csv")
        """,
    ),
    "a text file": (
        "FileResponse",
        """
        @app.get("/export")
        def export():
            with open("export.csv") as file:
                data = file.read()
            return Response(content=data, media_type="text/csv")
        """,
    ),
    "a file that goes": (
        "remove the file",
        """
        @app.get("/export")
        def export():
            with open("export.csv", "rb") as file:
                data = file.read()
            os.remove("export.csv")
            return Response(content=data, media_type="text/csv")
        """,
    ),
    "a frame": (
        "chunks of it",
        """
        import pandas as pd

        @app.get("/export")
        def export():
            return Response(pd.read_sql("items", "sqlite:///items.db").to_csv())
        """,
    ),
}

#: Files that are sent while they are read, and the number of bytes of the file.
FILES = """
import io
from pathlib import Path

import anyio
from fastapi.concurrency import run_in_threadpool


@app.get("/block")
def block(name: str = "data.bin"):
    with open(name, "rb") as file:
        data = file.read()
    return Response(content=data, media_type="text/csv", headers={"X-Name": name})


@app.get("/inner")
def inner(name: str = "data.bin"):
    if not Path(name).exists():
        raise HTTPException(404, "no such file")
    with Path(name).open("rb") as file:
        return Response(file.read(), 203)


@app.get("/path")
async def path():
    return StreamingResponse(io.BytesIO(Path("data.bin").read_bytes()), media_type="image/png")


@app.get("/threads")
async def threads(name: str = "data.bin"):
    with await run_in_threadpool(open, name, "rb") as file:
        data = await run_in_threadpool(file.read)
    return Response(content=data)


@app.get("/thread")
async def thread():
    file = Path("data.bin")
    return Response(await run_in_threadpool(file.read_bytes), media_type="text/plain")


@app.get("/awaited")
async def awaited(name: str = "data.bin"):
    async with await anyio.open_file(name, "rb") as file:
        data = await file.read()
    return Response(content=data)


@app.get("/awaited_path")
async def awaited_path():
    return Response(await anyio.Path("data.bin").read_bytes(), 203)


@app.get("/measured")
def measured():
    with open("data.bin", "rb") as file:
        data = file.read()
    return Response(data, headers={"X-Size": str(len(data))})


@app.get("/two")
def two():
    with open("data.bin", "rb") as file:
        head = file.read(8)
        data = file.read()
    return Response(head + data)
"""


def test_files_have_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 1000 + b"end")
    names = ["block", "inner", "path", "threads", "thread", "awaited", "awaited_path"]
    kept = ["/measured", "/two"]
    paths = [f"/{name}" for name in names] + ["/inner?name=none", "/block?name=none"]
    paths += ["/threads?name=none", "/awaited?name=none"]
    migration = compared(FILES, [*paths, *kept], tmp_path)
    streamed = dict.fromkeys(names, "")
    assert {k: v for k, v in messages(migration).items() if not v} == streamed
    assert migration.after["app.py"].text.count("stream_file(") == len(streamed)


SILENT = {
    "a helper that joins what it is given": """
        def as_text(rows):
            return ",".join(rows)

        @app.get("/export")
        async def export(db: Db):
            item = await db.get(Item, 1)
            return Response(as_text([item.name]))
    """,
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
