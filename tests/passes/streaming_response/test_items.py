"""Lists that are made of the rows one by one, as arrays and as JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import application, asked, compared, messages, migrated, write

from codemods.config import Options

STREAMED = {
    "comprehension": """
        @app.get("/comprehension")
        async def comprehension(db: Db):
            items = (await db.scalars(select(Item).order_by(Item.id))).all()
            return [{"id": i.id, "name": i.name, "price": i.price, "made": i.made} for i in items]
    """,
    "inline": """
        @app.get("/inline", response_model=list[ItemOut], response_model_exclude_none=True)
        async def inline(db: Db):
            return [
                ItemOut.model_validate(item)
                for item in await db.scalars(select(Item).order_by(Item.id))
            ]
    """,
    "named": """
        @app.get("/named", status_code=202)
        async def named(db: Db, suffix: str = "."):
            names = [item.name + suffix for item in await db.scalars(select(Item))]
            return names
    """,
    "appended": """
        @app.get("/appended")
        async def appended(db: Db) -> list[dict[str, int | float | None]]:
            found = []
            for item in (await db.scalars(select(Item).order_by(Item.id))).all():
                found.append({"id": item.id, "weight": item.weight})
            return found
    """,
    "some": """
        @app.get("/some", response_model=list[ItemOut])
        async def some(db: Db):
            items = (await db.scalars(select(Item).order_by(Item.id))).all()
            return [item for item in items if item.id % 700 == 3 if item.name]
    """,
    "none": """
        @app.get("/none")
        async def none(db: Db, least: int = 10**9):
            return [i.name for i in await db.scalars(select(Item)) if i.id > least]
    """,
    "some_appended": """
        @app.get("/some_appended")
        async def some_appended(db: Db):
            found = []
            for item in (await db.scalars(select(Item).order_by(Item.id))).all():
                if item.id % 2:
                    found.append({"id": item.id})
            return found
    """,
    "rows": """
        @app.get("/rows")
        async def rows(db: Db):
            result = await db.execute(select(Item.id, Item.sold).order_by(Item.id))
            return [dict(row._mapping) for row in result]
    """,
}

LEFT = {
    "some rows, by a relationship": (
        "does not load Item.owner",
        """
        @app.get("/items")
        async def items(db: Db):
            return [i.name for i in await db.scalars(select(Item)) if i.owner]
        """,
    ),
    "some rows, after waiting": (
        "waits for something",
        """
        @app.get("/items")
        async def items(db: Db):
            return [i.name for i in await db.scalars(select(Item)) if await check(i)]
        """,
    ),
    "two values of one row": (
        "takes several values of one",
        """
        @app.get("/items")
        async def items(db: Db):
            found = await db.scalars(select(Item))
            return [part for item in found for part in (item.id, item.name)]
        """,
    ),
    "its length": (
        "used for more than the answer",
        """
        @app.get("/items")
        async def items(db: Db):
            names = [item.name for item in await db.scalars(select(Item))]
            print(len(names))
            return names
        """,
    ),
    "a relationship": (
        "does not load Item.owner",
        """
        @app.get("/items")
        async def items(db: Db):
            return [item.owner.email for item in await db.scalars(select(Item))]
        """,
    ),
    "the row itself is given away": (
        "does not load Item.owner",
        """
        def shown(item):
            return item.owner.email

        @app.get("/items")
        async def items(db: Db):
            return [shown(item) for item in await db.scalars(select(Item))]
        """,
    ),
    "pairs": (
        "takes rows apart",
        """
        @app.get("/items")
        async def items(db: Db):
            found = await db.execute(select(Item.id, Item.name))
            return [{"id": number, "name": name} for number, name in found]
        """,
    ),
}

SILENT = {
    "sorted": """
        @app.get("/items")
        async def items(db: Db):
            return sorted([item.name for item in await db.scalars(select(Item))])
    """,
    "a limit": """
        @app.get("/items")
        async def items(db: Db):
            return [item.name for item in await db.scalars(select(Item).limit(9))]
    """,
    "two loops": """
        @app.get("/items")
        async def items(db: Db):
            names = []
            for item in await db.scalars(select(Item)):
                names.append(item.name)
            for owner in await db.scalars(select(Owner)):
                names.append(owner.email)
            return names
    """,
}


def test_the_bytes_are_the_same(tmp_path: Path) -> None:
    migration = compared(application(STREAMED), [f"/{name}" for name in STREAMED], tmp_path)
    assert messages(migration) == dict.fromkeys(STREAMED, "")
    assert migration.after["app.py"].text.count("await stream_json_array(") == len(STREAMED)


@pytest.mark.parametrize("form", LEFT)
def test_it_is_left_with_the_reason(form: str) -> None:
    reason, snippet = LEFT[form]
    migration = migrated(snippet)
    assert reason in messages(migration)["items"]
    assert migration.changed == ()


@pytest.mark.parametrize("form", SILENT)
def test_nothing_is_said(form: str) -> None:
    migration = migrated(SILENT[form])
    assert messages(migration) == {}
    assert migration.changed == ()


LINES = {
    "items": """
        @app.get("/items", response_model=list[ItemOut], response_model_exclude_none=True)
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "names": """
        @app.get("/names")
        async def names(db: Db):
            return [item.name for item in await db.scalars(select(Item).order_by(Item.id))]
    """,
    "nothing": """
        @app.get("/nothing")
        async def nothing(db: Db):
            return [item.name for item in await db.scalars(select(Item).where(Item.id < 0))]
    """,
}


def test_lines_hold_the_items_of_the_array(tmp_path: Path) -> None:
    migration = migrated(application(LINES), options=Options(jobs=1, stream_format="jsonl"))
    paths = [f"/{name}" for name in LINES]
    before, after = (
        asked(write(side, tmp_path / name), paths)
        for name, side in (("before", migration.before), ("after", migration.after))
    )
    assert set(migration.after.files) == {"app.py", "json_lines.py"}
    for path in paths:
        assert ("content-type", "application/jsonl") in after[path].headers
        lines = after[path].body.decode().splitlines()
        assert [json.loads(line) for line in lines] == json.loads(before[path].body)
        whole = before[path].body.decode()
        assert whole == "[" + ",".join(lines) + "]"


@pytest.mark.parametrize(
    ("statement", "threshold", "streamed"),
    [
        ("select(Item).limit(5000)", 0, False),
        ("select(Item).limit(5000)", 5000, True),
        ("select(Item).limit(4999)", 5000, False),
        ("select(Item).limit(MANY)", 5000, True),
        ("select(Item).limit(asked)", 5000, False),
        ("select(Item).limit(most)", 5000, True),
        ("select(Item).limit(most).offset(7)", 5000, True),
        ("select(Item).offset(7)", 5000, False),
    ],
)
def test_the_threshold_decides(statement: str, threshold: int, streamed: bool) -> None:
    snippet = f"""
        MANY = 100_000

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, asked: int = 10, most: int = 10_000):
            return (await db.scalars({statement}.order_by(Item.id))).all()
    """
    options = Options(jobs=1, stream_threshold=threshold)
    migration = migrated(snippet, options=options)
    assert bool(migration.changed) is streamed
