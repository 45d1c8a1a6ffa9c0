"""The applications of these tests, before and after the pass, on another FastAPI.

    PYTHONPATH=. .venv/bin/python tests/passes/streaming_response/versions.py PYTHON...

Each PYTHON is the interpreter of an environment with a FastAPI of its own, SQLAlchemy, aiosqlite
and httpx. What is streamed there has to have the same bytes, headers and OpenAPI document, each
connection has to be back when the answer was sent, and an overridden dependency has to be the one
that the rows come from.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import test_converted
import test_items
import test_texts
from running import application, messages, migrated, write

from codemods.config import Options

#: What each encodes in its own way, with what JSON has not among the first rows of a list.
VALUES = {
    "floats": """
        class Weighed(BaseModel):
            model_config = ConfigDict(from_attributes=True)

            id: int
            weight: float | None
            price: Decimal
            made: dt.date
            sold: dt.datetime | None
            raw: bytes = b"ab"

        @app.get("/floats", response_model=list[Weighed])
        async def floats(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "plain_floats": """
        @app.get("/plain_floats")
        async def plain_floats(db: Db):
            return [
                {"w": i.weight, "p": i.price, "m": i.made, "s": i.sold, "b": b"ab"}
                for i in await db.scalars(select(Item).order_by(Item.id))
            ]
    """,
    "nan": """
        class Odd(BaseModel):
            id: int
            number: float

        @app.get("/nan", response_model=list[Odd])
        async def nan(db: Db, which: str = "nan"):
            odd = float(which)
            return [
                {"id": i.id, "number": odd}
                for i in await db.scalars(select(Item).order_by(Item.id))
            ]
    """,
    "plain_nan": """
        @app.get("/plain_nan")
        async def plain_nan(db: Db, which: str = "nan"):
            odd = float(which)
            return [odd for i in await db.scalars(select(Item).order_by(Item.id))]
    """,
}
ASKED = ["/nan?which=inf", "/nan?which=-inf", "/nan?which=1e22", "/plain_nan?which=inf"]

_DRIVER = """
import asyncio, json, os, sys
sys.path.insert(0, os.getcwd())
os.environ["STREAMED_DATABASE"] = "sqlite+aiosqlite:///items.db"
import fastapi
from fastapi.testclient import TestClient
import app as module

found = {}
other = module.create_async_engine("sqlite+aiosqlite:///other.db")


async def overriding():
    async with module.AsyncSession(other) as db:
        yield db


async def prepare():
    async with other.begin() as connection:
        await connection.run_sync(module.Base.metadata.create_all)


asyncio.run(prepare())
with TestClient(module.app, raise_server_exceptions=False) as client:
    for path in json.loads(sys.argv[1]):
        answer = client.get(path)
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        found[path] = [answer.status_code, sorted(headers.items()), answer.content.hex()]
        assert module.engine.pool.checkedout() == 0, (path, "a connection is not given back")
    module.app.dependency_overrides[module.get_db] = overriding
    for path in json.loads(sys.argv[1]):
        answer = client.get(path)
        found["overridden " + path] = [answer.status_code, answer.content.hex()]
        assert module.engine.pool.checkedout() == 0 == other.pool.checkedout(), path
print(json.dumps([fastapi.__version__, found]))
"""


def main() -> None:
    """Compare on each interpreter that is given."""
    for python in sys.argv[1:]:
        _compare(python)


def _compare(python: str) -> None:
    version = _run(python, ["-c", "import fastapi; print(fastapi.__version__)"], Path()).strip()
    forms = {**test_texts.STREAMED, **test_items.STREAMED, **VALUES}
    names = [f"/{name}" for name in forms]
    snippet = application(forms, test_texts.HEADER)
    _one(python, version, snippet, [*names, *ASKED, "/checked?owner=2", "/openapi.json"])
    for name, form in test_converted.STREAMED.items():
        if "scope=" not in form:
            _one(python, version, form, [*test_converted.PATHS, "/openapi.json"], name)


def _one(python: str, version: str, snippet: str, paths: list[str], name: str = "all") -> None:
    options = Options(jobs=1, streaming=(("include", ("*",)),))
    files = {"requirements.txt": f"fastapi=={version}\n"}
    migration = migrated(snippet, files=files, options=options)
    left = {symbol: reason for symbol, reason in messages(migration).items() if reason}
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        for side, codebase in (("before", migration.before), ("after", migration.after)):
            place = write(codebase, Path(folder) / side)
            answers.append(json.loads(_run(python, ["-c", _DRIVER, json.dumps(paths)], place)))
    (_, before), (_, after) = answers
    different = [path for path in before if before[path] != after[path]]
    own = "own_session.py" in migration.after.files
    print(
        f"FastAPI {version} {name}: {len(before)} answers, {len(different)} differ, "
        f"{len(messages(migration)) - len(left)} streamed, own session {own}, left {left}"
    )
    if different:
        raise SystemExit(f"they differ: {different}")


def _run(python: str, arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [python, *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
