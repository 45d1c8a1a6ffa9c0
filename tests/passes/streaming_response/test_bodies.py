"""Rows are not sent where a middleware takes the first part of an answer for all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import HEAD, compared, messages, migrated

ITEMS = """
@app.get("/items", response_model=list[ItemOut])
async def items(db: Db):
    return (await db.scalars(select(Item).order_by(Item.id))).all()


@app.get("/file")
async def file():
    with open(__file__, "rb") as source:
        return Response(source.read())
"""

SENT = """
class Around:
    def __init__(self, app):
        self.app = app
        self.size = 0
        self.parts = []

    async def __call__(self, scope, receive, send):
        body = b""

        async def sending(message):
            nonlocal body
            {}
            await send(message)

        await self.app(scope, receive, sending)


app.add_middleware(Around)
"""
ITERATED = """
@app.middleware("http")
async def around(request: Request, call_next):
    response = await call_next(request)
    if "never" in request.query_params:
        body = b""
        {}
    return response
"""
TAKEN = {
    "body": SENT.format('found = json.loads(message["body"])'),
    "body by get": SENT.format('body = message.get("body", b"")'),
    "first of a list": ITERATED.format(
        "parts = [part async for part in response.body_iterator]; json.loads(parts[0])"
    ),
    "next": ITERATED.format("body = await response.body_iterator.__anext__()"),
    "last": ITERATED.format("async for part in response.body_iterator: body = part"),
    "answered": ITERATED.format("async for part in response.body_iterator: return Response(part)"),
}
COLLECTED = {
    "sum": SENT.format('body += message.get("body", b"")'),
    "size": SENT.format('self.size += len(message.get("body", b""))'),
    "list": SENT.format('self.parts.append(message.get("body"))'),
    "asked for more": SENT.format(
        'body = message.get("body") if not message.get("more_body") else None'
    ),
    "start": SENT.format('message.get("headers", []).append((b"x-around", b"1"))'),
    "joined": ITERATED.format('body = b"".join([part async for part in response.body_iterator])'),
    "all of a list": ITERATED.format(
        'parts = [part async for part in response.body_iterator]; body = b"".join(parts)'
    ),
    "added": ITERATED.format("async for part in response.body_iterator: body = body + part"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_answers_stay_where_one_part_is_taken(name: str) -> None:
    found = messages(migrated(TAKEN[name] + ITEMS, "import json\n" + HEAD))
    assert all("takes the first part" in found[one] for one in ("items", "file"))


@pytest.mark.parametrize("name", COLLECTED)
def test_rows_are_sent_where_parts_are_collected(name: str) -> None:
    found = messages(migrated(COLLECTED[name] + ITEMS, "import json\n" + HEAD))
    assert found == {"items": "", "file": ""}


def test_the_answers_are_the_same(tmp_path: Path) -> None:
    """More rows than are sent in one part; without the rule it is an error."""
    read = 'if message["type"] == "http.response.body": json.loads(message["body"])'
    compared(SENT.format(read) + ITEMS, ["/items"], tmp_path, "import json\n" + HEAD)
