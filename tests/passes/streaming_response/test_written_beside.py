"""Rows are not sent while a middleware writes to an SQLite database and the answer waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import HEAD, application, compared, messages, migrated

from codemods.plan import keeper

WRITTEN = """
async def write(path: str) -> None:
    async with SessionLocal() as db:
        db.add(Owner(email=f"{path}-{id(db)}@example.org"))
        await db.commit()


async def look(path: str) -> int:
    async with SessionLocal() as db:
        return len((await db.scalars(select(Owner).limit(1))).all())


class Unit:
    async def __aenter__(self):
        self.db = SessionLocal()
        return self.db

    async def __aexit__(self, *error):
        await self.db.commit()
        await self.db.close()


"""

ITEMS = """


@app.get("/items", response_model=list[ItemOut])
async def items(db: Db):
    return (await db.scalars(select(Item).order_by(Item.id))).all()
"""


def around(body: str) -> str:
    """A middleware that does something behind ``call_next``."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return (
        '@app.middleware("http")\nasync def audit(request: Request, call_next):\n'
        f"    response = await call_next(request)\n{lines}\n    return response\n"
    )


SENT_BY = """
class Sending:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def sending(message):
            {inner}
            await send(message)

        await self.app(scope, receive, sending)
        {outer}


app.add_middleware(Sending)
"""

#: What writes while the rows would be sent.
KEPT = {
    "awaited": around('await write("x")\nresponse.headers["x-audit"] = "yes"'),
    "in a try": around('try:\n    await write("x")\nexcept Exception:\n    pass'),
    "in a unit of work": around('async with Unit() as db:\n    db.add(Owner(email="x"))'),
    "by a session of its own": around("async with SessionLocal() as db:\n    await db.commit()"),
    "by an engine": around("async with engine.begin() as connection:\n    pass"),
    "a task that is waited for": around('task = asyncio.create_task(write("x"))\nawait task'),
    "of a good status": around('if response.status_code < 400:\n    await write("x")'),
    "of a status that is not known": around('if response.status_code in OK:\n    await write("x")'),
    "of this method": around('if request.method != "POST":\n    await write("x")'),
    "in what it sends by": SENT_BY.format(inner='await write("x")', outer="pass"),
}

#: What writes at other times, or not at all.
STREAMED = {
    "before": '@app.middleware("http")\nasync def audit(request: Request, call_next):\n'
    '    await write("x")\n    return await call_next(request)\n',
    "only reads": around('await look("x")'),
    "a task that nobody waits for": around('asyncio.create_task(write("x"))'),
    "of an error": around('if response.status_code >= 400:\n    await write("x")'),
    "of another method": around(
        'if request.method in ("POST", "PUT") and response.status_code:\n    await write("x")'
    ),
    "behind the return of this method": around(
        'if request.method == "GET":\n    return response\nawait write("x")'
    ),
    "once an inner application has ended": SENT_BY.format(inner="pass", outer='await write("x")'),
}


def _messages(middleware: str, head: str = HEAD, files: dict[str, str] | None = None) -> str:
    snippet = application({"written": WRITTEN + middleware + ITEMS})
    return messages(migrated(snippet, "import asyncio\n\nOK = [200]\n" + head, files))["items"]


@pytest.mark.parametrize("name", KEPT)
def test_a_list_stays_where_a_middleware_writes(name: str) -> None:
    assert "writes before the rows are sent" in _messages(KEPT[name])


@pytest.mark.parametrize("name", STREAMED)
def test_a_list_is_sent_where_nothing_waits_for_a_write(name: str) -> None:
    assert _messages(STREAMED[name]) == ""


def test_what_the_keeper_of_tasks_got_is_no_write() -> None:
    moved = around('await background.run(write("x"), name="write")')
    head = "from background_tasks import background\n" + HEAD
    assert _messages(moved, head, {"background_tasks.py": keeper.text()}) == ""


@pytest.mark.parametrize("driver", ["psycopg2-binary", "psycopg[binary]", "asyncmy"])
def test_other_databases_can_write_meanwhile(driver: str) -> None:
    assert _messages(KEPT["awaited"], HEAD, {"requirements.txt": f"fastapi\n{driver}\n"}) == ""


def test_a_url_says_that_it_can_be_sqlite() -> None:
    head = 'URL = "sqlite+aiosqlite:///items.db"\n' + HEAD
    files = {"requirements.txt": "fastapi\npsycopg\n"}
    assert "SQLite refuses" in _messages(KEPT["awaited"], head, files)


@pytest.mark.parametrize(("mode", "streams"), [("WAL", True), ("DELETE", False)])
def test_a_write_ahead_log_lets_others_write(mode: str, streams: bool) -> None:
    head = f'PRAGMA = "PRAGMA journal_mode={mode}"\n' + HEAD
    assert (_messages(KEPT["awaited"], head) == "") is streams


def test_the_answers_are_the_same(tmp_path: Path) -> None:
    """More rows than are read before the answer begins; without the rule it is an error."""
    compared(WRITTEN + KEPT["awaited"] + ITEMS, ["/items"], tmp_path)
