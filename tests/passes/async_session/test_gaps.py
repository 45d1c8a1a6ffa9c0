"""What an ``async def`` did in one go before its database calls were awaited."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest
from passes.async_session.decided import HEAD

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

BROKEN = {
    "a global counter": """
        global served
        number = served + 1
        db.add(Item(name=str(number)))
        db.commit()
        served = number
    """,
    "a shared dictionary": """
        if "first" not in cache:
            cache["first"] = db.get(Item, 1)
    """,
    "state of the application": """
        number = app.state.served
        db.commit()
        app.state.served = number + 1
    """,
    "a row that counts": """
        item = db.get(Item, 1)
        item.size += 1
        db.commit()
    """,
    "a row computed from itself": """
        item = db.get(Item, 1)
        item.size = item.size * 2
        db.commit()
    """,
}
WHOLE = {
    "no state at all": """
        item = db.get(Item, 1)
        item.name = "new"
        db.commit()
    """,
    "both before the call": """
        global served
        served = served + 1
        db.commit()
    """,
    "a name of its own": """
        number = 1
        db.commit()
        number += 1
    """,
    "a computation in the database": """
        item = db.get(Item, 1)
        item.size = Item.size + 1
        db.commit()
    """,
    "a lock": """
        global served
        async with lock:
            number = served
            db.commit()
            served = number + 1
    """,
    "it waited there before": """
        global served
        number = served
        await asyncio.sleep(0)
        db.commit()
        served = number + 1
    """,
}


def _codes(body: str, kind: str = "async def") -> list[str]:
    head = HEAD.replace("name: Mapped[str]", "name: Mapped[str]\n    size: Mapped[int]")
    shared = "\n\nimport asyncio\n\nserved = 0\ncache = {}\nlock = asyncio.Lock()\n\n\n"
    route = f'@app.get("/")\n{kind} read(db: Session = Depends(get_db)):\n'
    lines = "\n".join(line[8:] for line in body.strip("\n").split("\n"))
    text = head + shared + route + indent(lines, "    ") + "\n"
    files = {"app.py": SourceFile("app.py", text)}
    (run,) = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).runs
    assert "await db." in run.after["app.py"].text
    return [finding.code for finding in run.outcome.findings if finding.code == "LL405"]


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_gaps(body: str) -> None:
    assert _codes(body)
    assert not _codes(body, "def"), "threads came between its lines before"


@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
def test_no_gaps(body: str) -> None:
    assert not _codes(body)
